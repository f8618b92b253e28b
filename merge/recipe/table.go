package recipe

// Kind is what the value of a key looks like.
type Kind int

const (
	Word          Kind = iota // any scalar, as text
	Choice                    // one of Type.Words
	Integer                   // a whole number, 0 or more
	Boolean                   // true or false
	DTypeName                 // a number format
	MethodName                // a merge method
	Model                     // a model's name, or its long form
	TokenizerName             // "union", "base", or a model
	LayerRange                // [first, one after the last]
	Object                    // a mapping with the keys of Type.Of
	List                      // a list of them
	Map                       // a mapping from names to them
	Parameters                // a mapping of the method's parameters
	Numbers                   // a number, or a gradient: a list of numbers
	TokenRow                  // a model, or the keys of "token source"
)

// Type is the kind of a value, with what the kind leaves open.
type Type struct {
	Kind  Kind
	Of    string   // of Object, List and Map: the name of the object in Objects
	Words []string // of Choice
}

// Key is a key that an object of a recipe may hold.
type Key struct {
	Name     string
	Type     Type
	Default  string // what holds without it, "" for nothing
	Required bool
	Ignored  bool // read by nobody: a warning
	Refused  bool // means something that is not done here: an error
	Doc      string
}

// ObjectType is a mapping of a recipe: what it is called and which keys it takes.
type ObjectType struct {
	Name string // as in "unknown key … in a slice"
	Doc  string
	Keys []Key
}

// key finds a key by its name.
func (o *ObjectType) key(name string) *Key {
	for i := range o.Keys {
		if o.Keys[i].Name == name {
			return &o.Keys[i]
		}
	}
	return nil
}

func (o *ObjectType) names() []string {
	var list []string
	for _, k := range o.Keys {
		if !k.Ignored && !k.Refused {
			list = append(list, k.Name)
		}
	}
	return list
}

// Objects are all mappings of the language but those of parameters, for which
// see Methods.
var Objects = []ObjectType{
	{"the recipe", "A recipe is one merge. Several YAML documents in one file are several merges.", []Key{
		{Name: "merge_method", Type: Type{Kind: MethodName}, Required: true, Doc: "how the models' tensors become one"},
		{Name: "models", Type: Type{Kind: List, Of: "a model of the list"}, Doc: "models that are merged whole, all layers; one of models, slices and modules is needed"},
		{Name: "slices", Type: Type{Kind: List, Of: "a slice"}, Doc: "the result's layers from bottom to top, as runs of layers of the models"},
		{Name: "modules", Type: Type{Kind: Map, Of: "a module"}, Doc: "the parts of a model that has several (text_decoder, vision_tower, encoder, decoder, …), each with its own models or slices; \"default\" is the one part of others"},
		{Name: "base_model", Type: Type{Kind: Model}, Doc: "the model that the others are compared with, where the method does so; it also gives config.json and, unless said otherwise, the tokenizer. With models it is an input even if it is not listed"},
		{Name: "dtype", Type: Type{Kind: DTypeName}, Default: "that of the inputs", Doc: "the number format to compute in, and of the result"},
		{Name: "out_dtype", Type: Type{Kind: DTypeName}, Default: "dtype", Doc: "the number format of the result"},
		{Name: "parameters", Type: Type{Kind: Parameters}, Doc: "parameters of the method, for all slices and models that do not have their own"},
		{Name: "tokenizer_source", Type: Type{Kind: TokenizerName}, Default: "base", Doc: "whose tokenizer the result gets: base (the base model's), union (all models' tokens), or a model"},
		{Name: "tokenizer", Type: Type{Kind: Object, Of: "tokenizer"}, Doc: "the same with more to say; not together with tokenizer_source"},
		{Name: "chat_template", Type: Type{Kind: Word}, Doc: "the chat template: auto (the most frequent among the models), alpaca, chatml, exaone, llama3, mistral, or a Jinja template"},
		{Name: "name", Type: Type{Kind: Word}, Doc: "a name by which other documents of the file use this merge's result as a model"},
	}},
	{"a module", "", []Key{
		{Name: "models", Type: Type{Kind: List, Of: "a model of the list"}, Doc: "as in the recipe; one of models and slices"},
		{Name: "slices", Type: Type{Kind: List, Of: "a slice"}, Doc: "as in the recipe"},
		{Name: "parameters", Type: Type{Kind: Parameters}, Doc: "parameters for this module"},
	}},
	{"a slice", "A slice is a run of the result's layers.", []Key{
		{Name: "sources", Type: Type{Kind: List, Of: "a source"}, Required: true, Doc: "the layers that are merged into these, of one or several models"},
		{Name: "base_model", Type: Type{Kind: Model}, Default: "the recipe's", Doc: "another base model for this slice"},
		{Name: "parameters", Type: Type{Kind: Parameters}, Doc: "parameters for this slice"},
		{Name: "residual_weight", Type: Type{Kind: Word}, Ignored: true},
	}},
	{"a source", "A source is a run of layers of one model.", []Key{
		{Name: "model", Type: Type{Kind: Model}, Required: true, Doc: "the model"},
		{Name: "layer_range", Type: Type{Kind: LayerRange}, Required: true, Doc: "the first layer, and the one after the last; all sources of a slice have equally many"},
		{Name: "parameters", Type: Type{Kind: Parameters}, Doc: "parameters for this model"},
	}},
	{"a model of the list", "", []Key{
		{Name: "model", Type: Type{Kind: Model}, Required: true, Doc: "the model"},
		{Name: "parameters", Type: Type{Kind: Parameters}, Doc: "parameters for this model"},
	}},
	{"a model", "The long form of a model's name.", []Key{
		{Name: "path", Type: Type{Kind: Word}, Doc: "folder or repo"},
		{Name: "revision", Type: Type{Kind: Word}, Doc: "branch, tag or commit of the repo"},
		{Name: "model", Type: Type{Kind: Model}, Doc: "in place of path and revision: a name in its short or long form"},
		{Name: "lora", Type: Type{Kind: Model}, Doc: "a LoRA adapter to merge into the model first, as behind a + in the short form"},
		{Name: "override_architecture", Type: Type{Kind: Word}, Refused: true},
	}},
	{"tokenizer", "", []Key{
		{Name: "source", Type: Type{Kind: TokenizerName}, Default: "union", Doc: "as tokenizer_source"},
		{Name: "tokens", Type: Type{Kind: Map, Of: "a token"}, Doc: "where the embeddings of single tokens come from; tokens that no model has are added"},
		{Name: "pad_to_multiple_of", Type: Type{Kind: Integer}, Doc: "the vocabulary is padded to a multiple of this"},
	}},
	{"a token", "", []Key{
		{Name: "source", Type: Type{Kind: TokenRow}, Doc: "the model whose embedding is taken, or kind: zero, or kind: model_token with a model's other token"},
		{Name: "force", Type: Type{Kind: Boolean}, Default: "false", Doc: "also for models that have an embedding of their own for this token"},
	}},
	{"a token's source", "", []Key{
		{Name: "kind", Type: Type{Kind: Choice, Words: []string{"zero", "model_token"}}, Required: true, Doc: "zeros, or a model's token"},
		{Name: "model", Type: Type{Kind: Model}, Doc: "of model_token: the model"},
		{Name: "token", Type: Type{Kind: Word}, Doc: "of model_token: its token"},
		{Name: "token_id", Type: Type{Kind: Integer}, Doc: "of model_token: in place of token, its number"},
	}},
	{"a condition", "", []Key{
		{Name: "value", Type: Type{Kind: Numbers}, Required: true, Doc: "a value, or a gradient"},
		{Name: "filter", Type: Type{Kind: Word}, Default: "all tensors", Doc: "tensors whose name contains this; * means all"},
	}},
}

// objectType finds an object by its name.
func objectType(name string) *ObjectType {
	for i := range Objects {
		if Objects[i].Name == name {
			return &Objects[i]
		}
	}
	panic("recipe: no object " + name)
}
