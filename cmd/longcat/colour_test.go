package main

import "testing"

func TestPainted(t *testing.T) {
	for _, c := range []struct {
		name     string
		colour   string
		terminal bool
		env      map[string]string
		painted  bool
	}{
		{"a terminal", "auto", true, nil, true},
		{"no terminal", "auto", false, nil, false},
		{"NO_COLOR", "auto", true, map[string]string{"NO_COLOR": "1"}, false},
		{"an empty NO_COLOR", "auto", true, map[string]string{"NO_COLOR": ""}, true},
		{"a dumb terminal", "auto", true, map[string]string{"TERM": "dumb"}, false},
		{"never", "never", true, nil, false},
		{"always", "always", false, map[string]string{"NO_COLOR": "1"}, true},
	} {
		a := &app{colour: c.colour, terminal: c.terminal, lookup: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }}
		if got := a.painted(red, "x") != "x"; got != c.painted {
			t.Errorf("%s: painted is %v", c.name, got)
		}
	}
}
