package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"longcat/internal/terminal"
)

const schemaFile = "../../docs/json.schema.json"

// TestSchemaFile compares docs/json.schema.json with what the types say:
// go test ./cmd/longcat -run TestSchemaFile -update.
func TestSchemaFile(t *testing.T) {
	got, err := json.MarshalIndent(schemaOfAll(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the documents changed (-%s +now); -update accepts it:\n%s", schemaFile, diff)
	}
}

// object is a part of a JSON schema.
type object = map[string]any

// schemaOfAll describes every document.
func schemaOfAll() object {
	g := generator{defs: object{}}
	names := slices.Sorted(maps.Keys(documents))
	var all []any
	for _, name := range names {
		g.defs[name] = g.document("longcat/"+name, reflect.TypeOf(documents[name]))
		all = append(all, ref(name))
	}
	g.defs["progress-event/1"] = g.document(terminal.EventSchema, reflect.TypeFor[terminal.Event]())
	return object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "What longcat prints with --json; progress-event/1 is a line of --progress json",
		"oneOf":   all, "$defs": g.defs,
	}
}

func ref(name string) object {
	return object{"$ref": "#/$defs/" + strings.ReplaceAll(name, "/", "~1")}
}

// generator turns Go types into schemas as encoding/json writes them.
type generator struct{ defs object }

func (g *generator) document(name string, t reflect.Type) object {
	s := g.object(t)
	s["properties"].(object)["schema"] = object{"const": name}
	if required := s["required"].([]string); !slices.Contains(required, "schema") {
		s["required"] = append([]string{"schema"}, required...)
	}
	return s
}

func (g *generator) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return object{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint32:
		return object{"type": "integer"}
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": g.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.Struct:
		name := strings.TrimPrefix(t.PkgPath(), "longcat/") + "." + t.Name()
		if _, known := g.defs[name]; !known {
			g.defs[name] = object{} // it may hold itself
			g.defs[name] = g.object(t)
		}
		return ref(name)
	case reflect.Interface:
		return object{}
	}
	panic(fmt.Sprintf("no schema for %v", t))
}

func (g *generator) object(t reflect.Type) object {
	properties, required := object{}, []string{}
	g.fields(t, properties, &required)
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func (g *generator) fields(t reflect.Type, properties object, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, hasTag := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			g.fields(embedded, properties, required)
		case !f.IsExported():
		default:
			if !hasTag || name == "" {
				name = f.Name
			}
			properties[name] = g.of(f.Type)
			if !strings.Contains(options, "omit") && f.Type.Kind() != reflect.Pointer {
				*required = append(*required, name)
			}
		}
	}
}

// schemas are those of docs/json.schema.json.
var schemas = sync.OnceValues(func() (*jsonschema.Compiler, error) {
	text, err := os.ReadFile(schemaPath)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	return c, c.AddResource("file:///longcat.json", doc)
})

// schemaPath is absolute: scripts run elsewhere.
var schemaPath = func() string {
	path, err := filepath.Abs(schemaFile)
	if err != nil {
		panic(err)
	}
	return path
}()

// validDocument reports why a text does not match the JSON schema that it names.
func validDocument(text string) error {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	said, _ := doc.(object)
	name, _ := said["schema"].(string)
	c, err := schemas()
	if err != nil {
		return err
	}
	schema, err := c.Compile("file:///longcat.json#/$defs/" + strings.ReplaceAll(strings.TrimPrefix(name, "longcat/"), "/", "~1"))
	if err != nil {
		return fmt.Errorf("document %q: %w", name, err)
	}
	return schema.Validate(doc)
}
