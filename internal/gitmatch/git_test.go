package gitmatch

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// paths are the files that the tests ask about. No two make a file of what is a
// directory for the other.
var paths = []string{
	"a", "b", "m.dat", "x.dat", "x.DAT", ".env", "d/a", "d/b", "d/m.dat", "d/e/a", "d/e/x.dat", "d/e/f/a", "d/e/f/b.log",
	"log/a", "log/x/b", "foo/bar", "foo/x/bar", "foo/x/y/bar", "bar", "build/out", "src/build/out", "a b", "tail ", "#c", "!n",
	"[x]", "x*y", "ü.txt", "d/ü", "-", "]", "^", "a-z", "q/?", `b\s`, "deep/1/2/3/4/a", "Makefile", "abc", "abbc", "ac", "d2/abc", "café",
}

// patterns are those that people get wrong, git's own examples among them.
var patterns = []string{
	"[!m]*.dat", "[^m]*.dat", "*.dat", "/*.dat", "d/*.dat", "d/", "d", "/d", "d/e", "e", "e/", "/e", "**/a", "**/d/a", "d/**", "d/**/a", "a/**",
	"foo/**/bar", "foo/*/bar", "foo/bar", "/foo/*", "**/bar", "**", "*", "/*", "*/", "*/*", "?", "??", "[a-c]", "[]-]", "[!]-]", "[a\\]]", "[[:alpha:]]",
	"[[:digit:]abc]", "[[:nope:]]", "[[:alpha:]", "[a", "a[", "\\[x\\]", "x\\*y", "\\#c", "\\!n", "#c", "!n", "a\\ b", "a b", "tail\\ ", "tail ", "tail \\ ", "b\\\\s",
	"build", "build/", "src/build/", "?.txt", "??.txt", "ü*", "*ü", "[ü].txt", "*b*c", "a*c", "a**c", "**c", "***", "***/a", "d/***/a", "d/e/**/", "/", "//", "//a", "d//a",
	"*.log", "!*.log", "[a/]", "d[/]a", "d/[a/]", "[x-]", "[-x]", "[a-]", "[z-a]", "[\\a-c]", "[a-\\c]", "[[]x]", "[]x]", "[[:upper:]]*", "*[!a-z]", "foo/", "q/\\?", "q/[?]", "\\a", "a\\", "*\\", "**/",
	"deep/**/4", "deep/**/4/**", "deep/1/**/a", "**/3/**/a", "**/2/**/4/a", "*/e", "*/*/a", "d/*/a", "/**/a", "/**", "caf?", "caf??", "caf*",
}

// git is a repo with all paths in it.
type git struct {
	t   *testing.T
	dir string
}

func newGit(t *testing.T) *git {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	g := &git{t, t.TempDir()}
	g.run("", "init", "-q")
	for _, p := range paths {
		g.write(p, "")
	}
	return g
}

func (g *git) write(name, text string) {
	g.t.Helper()
	name = filepath.Join(g.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		g.t.Fatal(err)
	}
}

func (g *git) run(stdin string, args ...string) []string {
	g.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "HOME="+g.dir, "XDG_CONFIG_HOME="+g.dir, "GIT_ATTR_NOSYSTEM=1")
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 1 { // check-ignore: nothing is ignored
		g.t.Fatalf("git %v: %v: %s", args, err, stderr.String())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// ignored compares MatchFile with git check-ignore.
func (g *git) ignored(files map[string]string) {
	g.t.Helper()
	var ig Ignore
	dirs := []string{}
	for dir := range files {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		ig = ig.With(dir, []byte(files[dir]))
		g.write(dir+"/.gitignore", files[dir])
	}
	answer := g.run(strings.Join(paths, "\x00"), "check-ignore", "--no-index", "--stdin", "-z")
	for _, p := range paths {
		if got, want := ig.MatchFile(p), slices.Contains(answer, p); got != want {
			g.t.Errorf("%q: %q ignored: %v, git says %v", files, p, got, want)
		}
	}
	for _, dir := range dirs {
		if err := os.Remove(filepath.Join(g.dir, dir, ".gitignore")); err != nil {
			g.t.Fatal(err)
		}
	}
}

// attributes compares Value with git check-attr.
func (g *git) attributes(text string, names ...string) {
	g.t.Helper()
	a := ParseAttributes([]byte(text))
	g.write(".gitattributes", text)
	answer := g.run(strings.Join(paths, "\x00"), append([]string{"check-attr", "--stdin", "-z"}, names...)...)
	for field := range slices.Chunk(answer, 3) {
		if got := a.Value(field[0], field[1]); got != field[2] {
			g.t.Errorf("%q: %s of %q is %s, git says %s", text, field[1], field[0], got, field[2])
		}
	}
}

func TestIgnoreIsGits(t *testing.T) {
	g := newGit(t)
	for _, p := range patterns {
		g.ignored(map[string]string{"": p + "\n"})
	}
	for _, text := range []string{
		"*.dat\n!x.dat\n", "d/\n!d/a\n", "d/*\n!d/a\n!d/e/\n", "\ufeffa\r\nb\r\n", "a\r", "a\n\n\n  \nb", "a \nb\t\n", "!a\na\n!b", "*\n!*/\n!*.dat\n", "#a\n\\#c",
	} {
		g.ignored(map[string]string{"": text})
	}
	g.ignored(map[string]string{"": "*.dat\n", "d": "!m.dat\n/e\n"})
	g.ignored(map[string]string{"": "!a\n/d/b", "d": "*\n", "d/e": "!x.dat\n", "foo": "/x/y\nbar\n!/x/bar"})
}

func TestAttributesAreGits(t *testing.T) {
	g := newGit(t)
	for _, p := range patterns {
		g.attributes(p+" filter=lfs -text\n", "filter", "text")
	}
	for _, text := range []string{
		"*.dat filter=lfs\nm.dat -filter\n", "*.dat filter=lfs\nm.dat !filter\n", "* filter\na filter=x filter=y\n", "[attr]big filter=lfs diff=lfs -text\n*.dat big\nm.dat big filter=no\nx.dat -big",
		"* binary\n", `"a b" filter=lfs` + "\n", `"\303\274.txt" filter=lfs`, `"a" filter=lfs`, "  *.dat  filter=lfs  # no comment here\n", "\t*.dat\tfilter=lfs\r\n", "a filter=\n", "a b=c=d filter\n",
		"[attr]x y\n[attr]y x filter=lfs\na x\n", "[attr]one filter=1\n[attr]one filter=2\na one", "!a filter=lfs\n* text", "a fil+ter filter=lfs", "a --filter", "a " + strings.Repeat("x ", 1100) + "filter=lfs\nb filter\n",
		"[attr] spaced filter=lfs\na spaced\n",
	} {
		g.attributes(text, "filter", "text", "diff", "b")
	}
}

// TestRandom compares with git for patterns of random parts.
func TestRandom(t *testing.T) {
	g := newGit(t)
	parts := []string{"a", "b", "d", "e", "x", "dat", ".", "*", "*", "?", "/", "/", "[ab]", "[!a]", "[^-d]", "[[:alnum:]]", "\\a", "foo", "bar", "/**/", "/*/", "ü", "deep/1", "]", "[", "-"}
	for seed := range 200 {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		random := func() string {
			s := []string{"", "", "", "**/", "/"}[r.IntN(5)]
			for range 1 + r.IntN(4) {
				s += parts[r.IntN(len(parts))]
			}
			return s + []string{"", "", "", "/**", "/"}[r.IntN(5)]
		}
		p := random()
		for strings.Contains(strings.ReplaceAll("/"+p+"/", "/**/", "/"), "**") { // versions of git differ
			p = random()
		}
		if seed%2 == 0 {
			g.attributes(p+" filter=lfs\n", "filter")
		} else {
			g.ignored(map[string]string{"": fmt.Sprintf("%s\n%s%s\n", parts[r.IntN(len(parts))], []string{"", "!"}[r.IntN(2)], p)})
		}
	}
}

func FuzzWildmatch(f *testing.F) {
	for _, p := range patterns {
		f.Add(p, "d/e/x.dat")
	}
	f.Add(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 5000))
	f.Add(strings.Repeat("**/a*/", 500)+"b", strings.Repeat("a/", 2500))
	f.Fuzz(func(t *testing.T, pattern, path string) {
		var ig Ignore
		ig.With("d", []byte(pattern)).MatchFile(path)
		ParseAttributes([]byte(pattern+" filter=lfs")).Value(path, "filter")
		if !strings.ContainsAny(pattern, `*?[\`) && wildmatch(pattern, path) != (pattern == path) {
			t.Errorf("%q and %q", pattern, path)
		}
	})
}
