package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub"

	"github.com/rogpeppe/go-internal/testscript"

	"longcat/hub/localhub"
	"longcat/merge/safetensors"
)

var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"fails":       fails,
	"json":        jsonOutput,
	"repo":        importRepo,
	"tinymodel":   tinyModel,
	"safetensors": writeSafetensors,
	"damage":      damage,
	"fault":       addFault,
	"asked":       asked,
	"get":         get,
	"folder":      folder,
	"hostile":     hostile,
	"interrupt":   interrupt,
	"serve":       serve,
	"unserve":     unserve,
	"terminal":    onTerminal,
	"smalldisk":   smallDisk,
}

// goNoise is what the libraries below say to programmers.
var goNoise = regexp.MustCompile(`goroutine|panic|%!|0x[0-9a-f]{6}|dial tcp|(Get|Head|Post|Put) "|\*[a-z]+\.[A-Z]|<nil>|no such host|(^|[ (])(json|yaml): |strconv|cannot unmarshal`)

// fails CODE PROGRAM ARG… wants a failure as a person should meet it: the exit
// code, nothing on stdout, one line "longcat: error: …" on stderr and at most
// one hint, without a token and without a programmer's words.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE program [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		ts.Fatalf("unexpected success, or no run: %v", err)
	}
	if code := strconv.Itoa(exit.ExitCode()); code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
	checkFailure(ts)
}

var (
	errorLine = regexp.MustCompile(`^longcat: error: [^\n]+[^.\n]\n(longcat: hint: [^\n]+\n)?$`)
	remark    = regexp.MustCompile(`(?m)^longcat: warning: .*\n|^fetching .*\n|^\S+: \d+ layers, .*\n`)
)

func checkFailure(ts *testscript.TestScript) {
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("a failure wrote to stdout: %q", out)
	}
	text := ts.ReadFile("stderr")
	if !errorLine.MatchString(remark.ReplaceAllString(text, "")) {
		ts.Fatalf("stderr is not one error line and at most one hint")
	}
	if holdsSecret([]byte(text)) {
		ts.Fatalf("stderr holds a token")
	}
	if noise := goNoise.FindString(text); noise != "" {
		ts.Fatalf("stderr speaks to programmers: %q", noise)
	}
}

// json [KEY…] wants the last stdout to be one JSON document; with keys, an
// object that has them.
func jsonOutput(ts *testscript.TestScript, neg bool, keys []string) {
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	var doc any
	ts.Check(dec.Decode(&doc))
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("more than one JSON document on stdout")
	}
	ts.Check(validDocument(ts.ReadFile("stdout")))
	object, _ := doc.(map[string]any)
	for _, k := range keys {
		if _, ok := object[k]; ok == neg {
			ts.Fatalf("key %q: present is %v", k, ok)
		}
	}
}

// repo [-private|-gated|-disabled] ID DIR puts a folder on the hub as a commit.
func importRepo(ts *testscript.TestScript, neg bool, args []string) {
	opts := localhub.ImportOptions{Author: "me"}
	for ; len(args) > 2; args = args[1:] {
		switch args[0] {
		case "-private":
			opts.Private = true
		case "-gated":
			opts.Gated = "manual"
		case "-disabled":
			opts.Disabled = true
		default:
			ts.Fatalf("unknown flag %q", args[0])
		}
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: repo [-private|-gated|-disabled] ID DIR")
	}
	_, err := worldOf(ts).hub.Import(context.Background(), localhub.RepoID{Type: hub.Model, Name: args[0]}, ts.MkAbs(args[1]), opts)
	ts.Check(err)
}

// tinyModel DIR [LICENSE [LAYERS]] writes a model of a few kilobytes. Its
// weights follow from the licence, so that two of them differ.
func tinyModel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: tinymodel DIR [LICENSE [LAYERS]]")
	}
	args = append(args, []string{"", "mit", "4"}[len(args):]...)
	dir, license, layers := ts.MkAbs(args[0]), args[1], args[2]
	n, err := strconv.Atoi(layers)
	ts.Check(err)
	var tensors []safetensors.Tensor
	add := func(name string, shape ...int64) {
		t := safetensors.Tensor{Name: name, DType: safetensors.BF16, Shape: shape}
		t.End, _ = t.DType.Bytes(shape)
		tensors = append(tensors, t)
	}
	add("model.embed_tokens.weight", 8, 4)
	for l := range n {
		add("model.layers."+strconv.Itoa(l)+".mlp.up_proj.weight", 8, 4)
	}
	add("model.norm.weight", 4)
	add("lm_head.weight", 8, 4)
	b, err := safetensors.Encode(map[string]string{"format": "pt"}, tensors, safetensors.Padding{})
	ts.Check(err)
	for i, t := range tensors {
		for j := range t.Size() {
			b = append(b, byte(i)+byte(j)+license[0])
		}
	}
	files := map[string]string{
		"model.safetensors": string(b),
		"config.json": `{"architectures": ["MistralForCausalLM"], "model_type": "mistral", "torch_dtype": "bfloat16",
 "hidden_size": 4, "vocab_size": 8, "num_hidden_layers": ` + layers + "}\n",
		"tokenizer.json": `{"version": "1.0"}`,
		"README.md":      "---\nlicense: " + license + "\nlanguage:\n- en\n---\n# tiny\n",
	}
	ts.Check(os.MkdirAll(dir, 0o755))
	for name, content := range files {
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
}

// writeSafetensors FILE LENGTH HEADER DATA writes a file by hand: the length
// that it claims for its header ("auto" for the truth), the header's text from
// a file, and so many zeros.
func writeSafetensors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: safetensors FILE LENGTH HEADER DATA")
	}
	header := strings.TrimSpace(ts.ReadFile(args[2]))
	length := uint64(len(header))
	if args[1] != "auto" {
		var err error
		length, err = strconv.ParseUint(args[1], 10, 64)
		ts.Check(err)
	}
	zeros, err := strconv.Atoi(args[3])
	ts.Check(err)
	b := binary.LittleEndian.AppendUint64(nil, length)
	b = append(append(b, header...), make([]byte, zeros)...)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// damage PATTERN changes a byte in the middle of each file that matches, and
// leaves its size.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage PATTERN")
	}
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(names) == 0 {
		ts.Fatalf("no file matches %s", args[0])
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		ts.Check(err)
		b[len(b)/2] ^= 0x40
		ts.Check(os.WriteFile(name, b, 0o644))
		ts.Check(os.Chtimes(name, time.Time{}, time.Now().Add(time.Hour))) // clocks of filesystems have steps
	}
}

// addFault METHOD PATH KEY=VALUE… makes the hub misbehave; "fault" alone makes
// it behave again.
func addFault(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if len(args) == 0 {
		w.faults.Clear()
		return
	}
	f := localhub.Fault{Method: args[0], Path: args[1]}
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		n, err := strconv.Atoi("0" + value)
		ts.Check(err)
		switch key {
		case "status":
			f.Status = n
		case "times":
			f.Times = n
		case "skip":
			f.Skip = n
		case "after":
			f.After = int64(n)
		case "cut":
			f.Cut = true
		case "corrupt":
			f.Corrupt = true
		case "stall":
			f.Stall = make(chan struct{})
		default:
			ts.Fatalf("unknown fault %q", key)
		}
	}
	w.faults.Add(f)
}

// asked [-count=N|-max=N] REGEXP looks for requests "METHOD PATH RANGE" that
// came since the script began, or since "asked -reset".
func asked(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if slices.Equal(args, []string{"-reset"}) {
		w.mu.Lock()
		w.requests = nil
		w.mu.Unlock()
		return
	}
	want, most := -1, -1
	if text, ok := strings.CutPrefix(args[0], "-max="); ok {
		n, err := strconv.Atoi(text)
		ts.Check(err)
		most, args = n, args[1:]
	}
	if count, ok := strings.CutPrefix(args[0], "-count="); ok {
		n, err := strconv.Atoi(count)
		ts.Check(err)
		want, args = n, args[1:]
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.matching(pattern)
	if (want >= 0 && n != want) || (most >= 0 && n > most) || (want < 0 && (n > 0) == neg) {
		ts.Fatalf("%d requests match %s, of:\n%s", n, pattern, strings.Join(w.requests, "\n"))
	}
}

// get PATH FILE fetches a path of the hub, as "me", into a file. "! get PATH"
// wants a 404.
func get(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, worldOf(ts).front.URL+args[0], nil)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+secrets["TOKEN"])
	client := &http.Client{CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != via[0].URL.Host {
			req.Header.Del("Authorization") // net/http minds the host's name only, not its port
		}
		return nil
	}}
	resp, err := client.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	switch {
	case neg && resp.StatusCode != http.StatusNotFound, !neg && resp.StatusCode != http.StatusOK:
		ts.Fatalf("%s: %s", resp.Status, body)
	case !neg:
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o644))
	}
}

// folder DIR FILE writes down what lies under a folder, a line each, without
// the bookkeeping of downloads and locks.
func folder(ts *testscript.TestScript, neg bool, args []string) {
	var list strings.Builder
	err := filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(ts.MkAbs(args[0]), path)
		list.WriteString(filepath.ToSlash(rel) + "\n")
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(list.String()), 0o644))
}
