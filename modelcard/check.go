package modelcard

import "longcat/internal/cardcheck"

// Problem is something wrong in a file, with its position.
type Problem = cardcheck.Problem

// Severity says what a Hub does about a Problem.
type Severity = cardcheck.Severity

// An Error makes a Hub refuse the commit, or hides the metadata from it; after
// a Warning the commit succeeds, but not all that was meant comes across.
const (
	Error   = cardcheck.Error
	Warning = cardcheck.Warning
)

// Check says what a Hub would refuse or overlook in a README.md, without asking
// one, from the file's beginning to its end. "longcat serve" judges by it too.
func Check(readme []byte) []Problem { return cardcheck.README(readme) }

// CheckEvalResults says what is wrong in a file of a repo's .eval_results
// folder.
func CheckEvalResults(file []byte) []Problem { return cardcheck.EvalResults(file) }
