package jsontext

import "testing"

// TestStyle keeps the white space of what is edited, grown or added.
func TestStyle(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a": [1, 2],  "o": {"x" : 1,"y" : 2}}`, `{"a": [7, 8, 9],  "o": {"p" : 5,"q\"" : 6},  "new": true}`},
		{"{\n  \"a\": [\n    1\n  ],\n  \"o\": {}\n}", "{\n  \"a\": [\n    7, 8, 9\n  ],\n  \"o\": {\"p\": 5, \"q\\\"\": 6},\n  \"new\": true\n}"},
		{`{"a":[],"o":{"x":[0]}}`, `{"a":[7, 8, 9],"o":{"p":5, "q\"":6},"new":true}`},
	} {
		text, err := Parse([]byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		a, o := text.Root.Get("a"), text.Root.Get("o")
		got := string(text.Apply([]Edit{
			{a, text.Array(a, [][]byte{[]byte("7"), []byte("8"), []byte("9")})},
			{o, text.Object(o, []Member{{"p", []byte("5")}, {`q"`, []byte("6")}})},
			text.Add(text.Root, "new", []byte("true")),
		}))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
	text, err := Parse([]byte("{\n  \"only\": 1\n}"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(text.Apply([]Edit{text.Add(text.Root, "k", []byte("2"))})), "{\n  \"only\": 1,\n  \"k\": 2\n}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
