package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestUsage runs command lines that can not be meant: code 2, one line that
// says what is wanted, a hint, nothing on stdout, and no request.
func TestUsage(t *testing.T) {
	tests := []struct{ args, want string }{
		{"frobnicate", `unknown command "frobnicate"`},
		{"pubish", `unknown command "pubish", did you mean "publish"?`},
		{"help pubish", `unknown command "pubish", did you mean "publish"?`},
		{"card sohw x", `unknown command "sohw", did you mean "show"?`},
		{"completion tcsh", `unknown command "tcsh", did you mean "bash"?`},
		{"completion bash now", "longcat completion bash wants no arguments; arguments given: 1"},
		{"version now", "longcat version wants no arguments; arguments given: 1"},
		{"plan", "longcat plan wants a recipe; arguments given: 0"},
		{"merge recipe.yaml", "longcat merge wants a recipe and a directory; arguments given: 1"},
		{"download", "longcat download wants a repo and files of it; arguments given: 0"},
		{"card show", "longcat card show wants a repo, a folder or a file; arguments given: 0"},
		{"card new", "card new wants either a recipe or --from REPO"},
		{"serve", "longcat serve wants a folder; arguments given: 0"},
		{"plan --josn recipe.yaml", "unknown flag --josn, did you mean --json?"},
		{"plan recipe.yaml --shard-size", "flag needs an argument: --shard-size"},
		{"download me/model --workers many", `invalid argument "many" for "--workers" flag: want a number from 1 to 64`},
		{"download me/model --workers 0", `invalid argument "0" for "--workers" flag: want a number from 1 to 64`},
		{"upload me/model . --workers 65", `invalid argument "65" for "--workers" flag: want a number from 1 to 64`},
		{"publish recipe.yaml --to me/model --workers -1", `invalid argument "-1" for "--workers" flag: want a number from 1 to 64`},
		{"merge recipe.yaml out --workers 0", `invalid argument "0" for "--workers" flag: want a number from 1 to 64`},
		{"download me/model --limit-rate fast", `invalid argument "fast" for "--limit-rate" flag: a size such as 10MB or 500KB is wanted`},
		{"download me/model --limit-rate NaN", `invalid argument "NaN" for "--limit-rate" flag: a size such as 10MB or 500KB is wanted`},
		{"merge recipe.yaml out --shard-size -5GB", `--shard-size wants a size such as 500MB or 5GB, got "-5GB"`},
		{"merge recipe.yaml out --shard-size 99999999999TB", `--shard-size wants a size such as 500MB or 5GB, got "99999999999TB"`},
		{"download me/model --repo-type modle", `--repo-type: want model, dataset or space, got "modle", did you mean "model"?`},
		{"publish recipe.yaml", "publish wants --to USER/REPO"},
		{"publish recipe.yaml --to a/b/c", `"a/b/c" is not a repo id; "a/b" would be one`},
		{"download ../../etc", `"../../etc" is a path, not a repo id: want "name" or "namespace/name" of letters, digits, '-', '_' and '.'`},
		{"whoami --endpoint not-an-address", `"not-an-address" is not the address of a hub: want http(s)://host`},
		{"whoami --endpoint http://me:secret@host", `the hub's address "http://me:xxxxx@host" must not hold a user, a query or a fragment`},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			a := &app{in: strings.NewReader(""), out: &stdout, err: &stderr, lookup: func(name string) (string, bool) {
				return "/nowhere", name == "HOME"
			}}
			code := a.run(t.Context(), strings.Fields(tt.args))
			said, hint, _ := strings.Cut(stderr.String(), "\n")
			if code != exitUsage || stdout.Len() > 0 || !strings.HasPrefix(hint, "longcat: hint: longcat ") || !strings.HasSuffix(hint, " --help tells more\n") {
				t.Errorf("exit code %d, stdout %q, hint %q", code, &stdout, hint)
			}
			if said != "longcat: error: "+tt.want {
				t.Errorf("got  %s\nwant longcat: error: %s", said, tt.want)
			}
		})
	}
}
