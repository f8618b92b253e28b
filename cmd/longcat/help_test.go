package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "rewrite testdata/help.golden")

// walk visits every command that people type.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		if sub.Name() != "help" && sub.Name() != "completion" && sub.Runnable() {
			walk(sub, visit)
		}
	}
}

// TestHelp holds what --help prints against testdata/help.golden, so that a
// change of it is seen in review: go test ./cmd/longcat -run TestHelp -update.
func TestHelp(t *testing.T) {
	var got strings.Builder
	walk((&app{}).rootCmd(), func(cmd *cobra.Command) {
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		var out bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &out}
		if code := a.run(t.Context(), args); code != exitDone {
			t.Fatalf("%s --help: exit code %d: %s", cmd.CommandPath(), code, &out)
		}
		got.WriteString("$ " + cmd.CommandPath() + " --help\n" + out.String() + "\n")
	})
	const file = "testdata/help.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("help changed (-%s +now); -update accepts it:\n%s", file, diff)
	}
}

// TestCommands wants of every command what people look for first.
func TestCommands(t *testing.T) {
	commands := 0
	walk((&app{}).rootCmd(), func(cmd *cobra.Command) {
		commands++
		name := cmd.CommandPath()
		if cmd.Args == nil {
			t.Errorf("%s takes any arguments", name)
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || len(cmd.Short) > 70 {
			t.Errorf("%s: Short is %q", name, cmd.Short)
		}
		if cmd.RunE == nil || cmd.Run != nil {
			t.Errorf("%s can not return an error", name)
		}
		if cmd.Example == "" {
			t.Errorf("%s has no example", name)
		}
		for line := range strings.Lines(cmd.Example) {
			if !exampleFits(cmd.Root(), line) {
				t.Errorf("%s: example %q is not a command line that would be accepted", name, line)
			}
		}
		for line := range strings.Lines(cmd.Long) {
			if len([]rune(line)) > 81 {
				t.Errorf("%s: line of %d characters in Long: %q", name, len(line), line)
			}
		}
	})
	if commands < 10 {
		t.Errorf("only %d commands found", commands)
	}
}

var quoted = regexp.MustCompile(`"[^"]*"`)

// exampleFits parses an example's flags and arguments without running it.
func exampleFits(root *cobra.Command, line string) bool {
	typed := false
	for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == '|' || r == '&' || r == '\n' }) {
		part, _, _ = strings.Cut(part, " > ")
		words := strings.Fields(quoted.ReplaceAllString(part, "word"))
		for len(words) > 0 && strings.Contains(words[0], "=") {
			words = words[1:] // a variable for this command
		}
		if len(words) == 0 || words[0] != "longcat" {
			typed = typed || len(words) > 0 // another program
			continue
		}
		cmd, args, err := root.Find(words[1:])
		if err != nil || (cmd == root && len(args) > 0) || cmd.ParseFlags(args) != nil || cmd.ValidateArgs(cmd.Flags().Args()) != nil {
			return false
		}
		typed = true
	}
	return typed
}
