package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"longcat"
	"longcat/hub"
	"longcat/internal/limits"
	"longcat/modelcard"
)

func (a *app) cardCheckCmd() *cobra.Command {
	var online bool
	cmd := &cobra.Command{
		Use:   "check REPO|DIR|FILE",
		Short: "Say what a hub would refuse in a card, before it does",
		Long: `Say what a hub would refuse or overlook in a card, and in the eval results
beside it, with line numbers. Works offline; --online asks the hub as well.
Ends with code 1 when there are errors; warnings alone are no failure.`,
		Example: commandExample("longcat card check ./README.md", "longcat card check me/my-model --online --json"),
		Args:    exactly(1, "a repo, a folder or a file"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.cardCheck(cmd.Context(), args[0], online) },
	}
	cmd.Flags().BoolVar(&online, "online", false, "ask the hub's judgement, too")
	return cmd
}

// finding is a problem with the file that it is in.
type finding struct {
	File string `json:"file"`
	modelcard.Problem
}

func (a *app) cardCheck(ctx context.Context, where string, online bool) error {
	files, err := a.cardFiles(ctx, where)
	if err != nil {
		return err
	}
	findings := checkFiles(files)
	if online {
		c, err := a.client()
		if err != nil {
			return err
		}
		verdict, err := c.ValidateCard(ctx, hub.Repo{}, string(files[0].text))
		var refusal *hub.Error
		if errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest {
			verdict, err = &hub.CardVerdict{Errors: []string{refusal.Message}}, nil
		}
		if err != nil {
			return err
		}
		for _, m := range verdict.Errors {
			findings = append(findings, finding{files[0].name, modelcard.Problem{Severity: modelcard.Error, Message: m}})
		}
		for _, m := range verdict.Warnings {
			findings = append(findings, finding{files[0].name, modelcard.Problem{Severity: modelcard.Warning, Message: m}})
		}
	}
	return a.printFindings(findings)
}

// cardFile is a file that cards are judged by: README.md, or eval results.
type cardFile struct {
	name string
	text []byte
}

// cardFiles reads the card first, then the eval results beside it.
func (a *app) cardFiles(ctx context.Context, where string) ([]cardFile, error) {
	if st, err := os.Stat(where); err == nil && !st.IsDir() {
		text, err := os.ReadFile(where)
		return []cardFile{{where, text}}, err
	}
	if err := wantExisting(where); err != nil {
		return nil, err
	}
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	m, err := longcat.OpenModel(ctx, c, where, "")
	if err != nil {
		return nil, err
	}
	defer m.Close()
	text, err := cardOf(ctx, m, where)
	if err != nil {
		return nil, err
	}
	files := []cardFile{{modelcard.File, text}}
	names := m.Files()
	if m.Local() { // hidden directories are no part of a model
		if names, err = fs.Glob(os.DirFS(where), evalResults+"/*"); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		if isEvalResults(name) {
			text, err := readBeside(ctx, m, where, name)
			if err != nil {
				return nil, err
			}
			files = append(files, cardFile{name, text})
		}
	}
	return files, nil
}

// readBeside reads a file that lies beside a model's own.
func readBeside(ctx context.Context, m *longcat.Model, dir, name string) ([]byte, error) {
	if m.Local() {
		return os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	}
	return m.ReadFile(ctx, name, limits.Card)
}

// evalResults is the folder of a repo that holds its eval results.
const evalResults = ".eval_results"

func isEvalResults(name string) bool {
	return path.Dir(name) == evalResults && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"))
}

func checkFiles(files []cardFile) []finding {
	var all []finding
	for _, f := range files {
		problems := modelcard.Check(f.text)
		if isEvalResults(f.name) {
			problems = modelcard.CheckEvalResults(f.text)
		}
		for _, p := range problems {
			all = append(all, finding{f.name, p})
		}
	}
	return all
}

func (a *app) printFindings(findings []finding) error {
	errs := 0
	for _, f := range findings {
		if f.Severity == modelcard.Error {
			errs++
		}
	}
	if a.json {
		if findings == nil {
			findings = []finding{}
		}
		if err := a.printJSON(cardCheckDocument{findings, errs}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Fprintf(a.out, "%s:%s\n", f.File, f.Problem)
		}
	}
	if errs > 0 {
		return fmt.Errorf("the card has %s: a hub would refuse it", counted(errs, "error"))
	}
	a.say("no errors, %s", counted(len(findings), "warning"))
	return nil
}

// cardAmong finds the card in what is to be uploaded, nil when it is not there.
func cardAmong(files []hub.UploadFile) ([]byte, error) {
	for _, f := range files {
		if f.Path != modelcard.File {
			continue
		}
		if f.Content.Size() > limits.Card {
			return nil, fmt.Errorf("%s has %d bytes, more than a hub takes", f.Path, f.Content.Size())
		}
		var b bytes.Buffer
		_, err := b.ReadFrom(f.Content)
		_, seekErr := f.Content.Seek(0, 0)
		return b.Bytes(), errors.Join(err, seekErr)
	}
	return nil, nil
}
