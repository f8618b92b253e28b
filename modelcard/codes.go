package modelcard

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

//go:embed data/architectures.txt
var architecturesText string

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

var licenseIDs = sync.OnceValue(func() []string { return slices.Collect(words(licensesText)) })

var taskIDs = sync.OnceValue(func() []string { return slices.Collect(words(tasksText)) })

// languageCodes are ISO 639-1, -2 and -3 and the Hub's two special values.
var languageCodes = sync.OnceValue(func() map[string]bool {
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

// appendNew appends s unless the list has it.
func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
