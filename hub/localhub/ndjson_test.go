package localhub

import (
	"net/http"
	"strings"
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

func unbounded() (func(), error) { return func() {}, nil }

func TestParseCommit(t *testing.T) {
	body := `{"key":"header","value":{"summary":"s","description":"d","parentCommit":"p"}}

{"key":"file","value":{"path":"a.txt","content":"aGk=","encoding":"base64"}}` + "\r\n" +
		`{"key":"file","value":{"path":"b.txt","content":"hö","encoding":"utf-8"}}
{"key":"lfsFile","value":{"path":"m.bin","algo":"sha256","oid":"` + strings.Repeat("a", 64) + `","size":7}}
{"key":"deletedFolder","value":{"path":"old/"}}
{"key":"copyFile","value":{"path":"c","srcPath":"b","srcRevision":"main"}}`
	var got []change
	header, err := parseCommit(strings.NewReader(body), 1<<16, unbounded, func(c change) error {
		got = append(got, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if (header != wire.CommitHeader{Summary: "s", Description: "d", ParentCommit: "p"}) {
		t.Errorf("header %+v", header)
	}
	if len(got) != 5 || string(got[0].content) != "hi" || string(got[1].content) != "hö" || got[2].size != 7 ||
		got[3].path != "old" || got[4].fromPath != "b" || got[4].fromRev != "main" {
		t.Errorf("changes %+v", got)
	}
}

func TestParseCommitRefuses(t *testing.T) {
	const header = `{"key":"header","value":{"summary":"s"}}` + "\n"
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"nothing":         {"", 400},
		"no JSON":         {"hello", 400},
		"no header":       {`{"key":"file","value":{"path":"a"}}`, 400},
		"two headers":     {header + header, 400},
		"unknown key":     {header + `{"key":"evil","value":{}}`, 400},
		"bad base64":      {header + `{"key":"file","value":{"path":"a","content":"?","encoding":"base64"}}`, 400},
		"bad encoding":    {header + `{"key":"file","value":{"path":"a","content":"","encoding":"rot13"}}`, 400},
		"parent folder":   {header + `{"key":"file","value":{"path":"../a","content":""}}`, 400},
		"absolute":        {header + `{"key":"deletedFile","value":{"path":"/etc/passwd"}}`, 400},
		"git's own":       {header + `{"key":"file","value":{"path":".git/config","content":""}}`, 400},
		"no path":         {header + `{"key":"file","value":{"content":""}}`, 400},
		"short oid":       {header + `{"key":"lfsFile","value":{"path":"a","oid":"abc","size":1}}`, 400},
		"oid with dots":   {header + `{"key":"lfsFile","value":{"path":"a","oid":"` + strings.Repeat("../", 21) + `x","size":1}}`, 400},
		"negative size":   {header + `{"key":"lfsFile","value":{"path":"a","oid":"` + strings.Repeat("a", 64) + `","size":-1}}`, 400},
		"blank lines":     {header + strings.Repeat("\n", maxChanges+1), 400},
		"a long message":  {`{"key":"header","value":{"summary":"` + strings.Repeat("s", 2000) + `"}}`, 413},
		"a line too long": {header + `{"key":"file","value":{"path":"a","content":"` + strings.Repeat("a", 2000) + `"}}`, 413},
	} {
		_, err := parseCommit(strings.NewReader(c.body), 1000, unbounded, func(change) error { return nil })
		if err == nil || asAPIError(err).Status != c.status {
			t.Errorf("%s: %v, want status %d", name, err, c.status)
		}
	}
}

func FuzzParseCommit(f *testing.F) {
	f.Add(`{"key":"header","value":{"summary":"s"}}` + "\n" + `{"key":"file","value":{"path":"a","content":"aGk=","encoding":"base64"}}`)
	f.Add(`{"key":"header","value":{"summary":"s"}}` + "\n" + `{"key":"lfsFile","value":{"path":"a","oid":"x","size":1e3}}`)
	f.Add(`{"key":"header","value":null}` + "\n\n" + `{"key":"deletedFolder","value":{"path":"/"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		changes := 0
		_, err := parseCommit(strings.NewReader(body), 4096, unbounded, func(c change) error {
			changes++
			if wire.CheckPath(c.path) != nil {
				t.Errorf("path %q got through", c.path)
			}
			if c.kind == putLFS && !store.IsSHA256(c.lfs) {
				t.Errorf("oid %q got through", c.lfs)
			}
			return nil
		})
		if err != nil && asAPIError(err).Status == http.StatusInternalServerError {
			t.Errorf("%v is no answer for a client", err)
		}
		if err == nil && changes > strings.Count(body, "\n") {
			t.Errorf("%d changes from %d lines", changes, strings.Count(body, "\n")+1)
		}
	})
}

func FuzzCard(f *testing.F) {
	f.Add("---\nlicense: mit\ntags: [a, b]\n---\n# hi")
	f.Add("---\na: &a [*a]\n---\n")
	f.Add("---\r\n1: {2: 3}\r\n--- \r\n")
	f.Fuzz(func(t *testing.T, readme string) {
		errs, _ := cardProblems([]byte(readme))
		card, err := parseCard([]byte(readme))
		if err != nil && len(errs) == 0 {
			t.Errorf("%v was not noticed", err)
		}
		if card != nil && cardJSON(card) == nil {
			t.Errorf("%v is no JSON", card)
		}
	})
}
