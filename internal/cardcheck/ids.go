package cardcheck

import (
	_ "embed"
	"iter"
	"slices"
	"strings"
	"sync"
)

//go:embed data/licenses.txt
var licensesText string

//go:embed data/languages.txt
var languagesText string

//go:embed data/tasks.txt
var tasksText string

// words are a data file's words; lines that begin with # are comments.
func words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for word := range strings.FieldsSeq(line) {
				if !yield(word) {
					return
				}
			}
		}
	}
}

var LicenseIDs = sync.OnceValue(func() []string { return slices.Collect(words(licensesText)) })

var TaskIDs = sync.OnceValue(func() []string { return slices.Collect(words(tasksText)) })

// LanguageCodes are ISO 639-1, -2 and -3 and the Hub's two special values.
var LanguageCodes = sync.OnceValue(func() map[string]bool {
	codes := map[string]bool{"code": true, "multilingual": true}
	for word := range words(languagesText) {
		prefix, last, grouped := strings.Cut(word, ":")
		if !grouped {
			codes[word] = true
		}
		for _, letter := range last {
			codes[prefix+string(letter)] = true
		}
	}
	return codes
})
