package recipe

import (
	"encoding/json"
	"fmt"
	"strings"
)

// schema is a JSON schema.
type schema = map[string]any

// Schema is docs/recipe.schema.json: the language as a JSON schema, for editors.
func Schema() []byte {
	defs := schema{}
	for _, o := range Objects {
		defs[defName(o.Name)] = o.schema()
	}
	for _, m := range Methods {
		props := schema{}
		for _, p := range m.Params {
			props[p.Name] = p.schema()
		}
		defs["parameters of "+m.Name] = schema{"type": "object", "properties": props, "additionalProperties": false}
	}
	for _, t := range []ParamType{Number, Flag} {
		defs[t.defName()] = t.setting()
	}
	defs["parameters"] = schema{"type": []string{"object", "null"}, "properties": anyParameter(), "additionalProperties": false}
	root := objectType("the recipe").schema()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "merge recipe"
	root["$defs"] = defs
	// Keys of one's own may hold anchors.
	root["additionalProperties"] = true
	var perMethod []schema
	for _, m := range Methods {
		perMethod = append(perMethod, schema{
			"if":   schema{"properties": schema{"merge_method": schema{"const": m.Name}}, "required": []string{"merge_method"}},
			"then": schema{"properties": schema{"parameters": schema{"anyOf": []schema{{"type": "null"}, {"$ref": "#/$defs/parameters of " + m.Name}}}}},
		})
	}
	root["allOf"] = perMethod
	root["oneOf"] = []schema{{"required": []string{"models"}}, {"required": []string{"slices"}}, {"required": []string{"modules"}}}
	delete(defs, defName("the recipe"))
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("recipe: a schema of words does not encode: " + err.Error())
	}
	return append(text, '\n')
}

func defName(object string) string { return strings.ToLower(title(object)) }

func ref(object string) schema { return schema{"$ref": "#/$defs/" + defName(object)} }

func (o *ObjectType) schema() schema {
	props, required := schema{}, []string{}
	for _, k := range o.Keys {
		s := k.Type.schema()
		if k.Doc == "" {
			s = schema{"deprecated": true}
		} else {
			s["description"] = k.Doc
		}
		props[k.Name] = s
		if k.Required {
			required = append(required, k.Name)
		}
	}
	return schema{"type": "object", "properties": props, "required": required, "additionalProperties": false}
}

func (t Type) schema() schema {
	scalar := []string{"string", "number"}
	switch t.Kind {
	case Choice:
		return schema{"enum": t.Words}
	case Integer:
		return schema{"type": []string{"integer", "null"}, "minimum": 0}
	case Boolean:
		return schema{"type": []string{"boolean", "null"}}
	case DTypeName:
		return schema{"enum": append(asAny(DTypeNames()), nil)}
	case MethodName:
		return schema{"enum": methodNames()}
	case Model, TokenizerName:
		return schema{"anyOf": []schema{{"type": append(scalar, "null")}, ref("a model")}}
	case TokenRow:
		return schema{"anyOf": []schema{{"type": scalar}, ref("a model"), ref("a token's source")}}
	case LayerRange:
		return schema{"type": "array", "items": schema{"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
	case Object:
		return schema{"anyOf": []schema{{"type": "null"}, ref(t.Of)}}
	case List:
		return schema{"type": "array", "items": ref(t.Of)}
	case Map:
		return schema{"type": "object", "additionalProperties": ref(t.Of)}
	case Parameters:
		return schema{"$ref": "#/$defs/parameters"}
	case Numbers:
		return values(schema{"type": []string{"number", "boolean", "string"}})
	}
	return schema{"type": append(scalar, "boolean", "null")}
}

func asAny(words []string) []any {
	var list []any
	for _, w := range words {
		list = append(list, w)
	}
	return list
}

// values is one value or a gradient of them.
func values(one schema) schema {
	return schema{"anyOf": []schema{one, {"type": "array", "items": one}}}
}

func (p *Param) schema() schema {
	doc := fmt.Sprintf("%s (for %s; default %s)", p.Doc, p.Scope, p.Default)
	if p.Default == "" {
		doc = fmt.Sprintf("%s (for %s)", p.Doc, p.Scope)
	}
	return schema{"description": doc, "$ref": "#/$defs/" + p.Type.defName()}
}

func (t ParamType) defName() string {
	if t == Flag {
		return "switch"
	}
	return "number"
}

// setting is what may stand for a parameter: a value, a gradient, conditions.
func (t ParamType) setting() schema {
	one := schema{"type": []string{"number", "string"}}
	if t == Flag {
		one = schema{"type": []string{"boolean", "integer"}}
	}
	condition := ref("a condition")
	return schema{"anyOf": []schema{
		one,
		{"type": "null"},
		condition,
		{"type": "array", "items": one},
		{"type": "array", "items": condition},
	}}
}

// anyParameter are the parameters of all methods, with what the first of them
// says.
func anyParameter() schema {
	props := schema{}
	for i := range Methods {
		for j := range Methods[i].Params {
			p := &Methods[i].Params[j]
			if _, had := props[p.Name]; !had {
				props[p.Name] = p.schema()
			}
		}
	}
	return props
}
