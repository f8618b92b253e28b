package jsontext

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzEdit wants edited JSON to be what it was but for the edit, whatever
// its spelling.
func FuzzEdit(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2,3], "b": {"n": 4}}`, "\ufeff {\"x\":null , \"n\" :7}\n", `{"n":1,"v":[NaN,-Infinity],"s":"Infinity\"NaN"}`, `[{"n":[]}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := Parse(data)
		if err != nil {
			return
		}
		n := text.Root.Get("n")
		if n == nil || n.Kind != Number {
			return
		}
		out := text.Apply([]Edit{{n, []byte("12345")}})
		var before, after map[string]any
		if json.Unmarshal(maskNumbers(text.data), &before) != nil {
			t.Fatalf("accepted what is no JSON: %q", data)
		}
		if err := json.Unmarshal(maskNumbers(out), &after); err != nil {
			t.Fatalf("%q became %q: %v", data, out, err)
		}
		before["n"] = 12345.0
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%q became %q", data, out)
		}
	})
}
