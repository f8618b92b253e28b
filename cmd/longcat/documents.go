package main

import (
	"reflect"

	"longcat"
	"longcat/hub"
	"longcat/hub/mirror"
	"longcat/merge"
)

// With --json a command prints one document: an object whose "schema" names its
// shape, such as "longcat/upload/1". The number changes when a key is taken away
// or means something else, not when one is added. docs/json.schema.json
// describes them all.

// documents are the types that are printed, by the name of their shape.
var documents = map[string]any{
	"cache-list/1":    cacheListDocument{},
	"cache-prune/1":   cachePruneDocument{},
	"cache-verify/1":  cacheVerifyDocument{},
	"card/1":          cardDocument{},
	"card-check/1":    cardCheckDocument{},
	"card-update/1":   cardUpdateDocument{},
	"download/1":      downloadDocument{},
	"download-plan/1": hub.DownloadPlan{},
	"error/1":         errorDocument{},
	"inspect/1":       longcat.Inspection{},
	"login/1":         loginDocument{},
	"logout/1":        logoutDocument{},
	"ls/1":            lsDocument{},
	"merge/1":         merge.Plan{},
	"mirror/1":        mirrorDocument{},
	"plan/1":          planDocument{},
	"repo/1":          repoDocument{},
	"repo-list/1":     repoListDocument{},
	"repo-refs/1":     refDocument{},
	"serve/1":         serveDocument{},
	"serve-gc/1":      usageDocument{},
	"upload/1":        hub.UploadResult{},
	"upload-plan/1":   uploadPlanDocument{},
	"upscale/1":       upscaleDocument{},
	"verify/1":        longcat.Verification{},
	"version/1":       versionDocument{},
	"whoami/1":        hub.User{},
}

// schemaOf is the name of a document's shape.
var schemaOf = func() map[reflect.Type]string {
	names := map[reflect.Type]string{}
	for name, v := range documents {
		names[reflect.TypeOf(v)] = "longcat/" + name
	}
	return names
}()

// planDocument is the JSON of plan, and of a dry run of merge and publish.
type planDocument struct {
	*merge.Plan
	Fetch  int64        `json:"fetch"`            // bytes that are not on this machine
	Target *publishPlan `json:"target,omitempty"` // what a publish would make of the repo
}

// downloadDocument is the JSON of download.
type downloadDocument struct {
	Commit string            `json:"commit"`
	Dir    string            `json:"dir"`   // that shows the files
	Files  map[string]string `json:"files"` // path in the repo → path on disk
}

// cardDocument is the JSON of card new and card show.
type cardDocument struct {
	Card string `json:"card"` // the text of README.md
}

// cardCheckDocument is the JSON of card check.
type cardCheckDocument struct {
	Problems []finding `json:"problems"`
	Errors   int       `json:"errors"`
}

// cardUpdateDocument is the JSON of card update.
type cardUpdateDocument struct {
	Cards []updatedCard `json:"cards"`
}

// updatedCard is what became of one card.
type updatedCard struct {
	Name    string            `json:"name"`
	Changes []string          `json:"changes"`          // in words; none when there was nothing to renew
	Diff    string            `json:"diff,omitempty"`   // of a dry run
	Commit  *hub.UploadResult `json:"commit,omitempty"` // to a repo
	Error   string            `json:"error,omitempty"`  // why it was not renewed
}

// usageDocument is the JSON of serve --gc.
type usageDocument struct {
	Repos   []repoUsage `json:"repos"`
	Objects int         `json:"objects"` // large files, each counted once
	Bytes   int64       `json:"bytes"`   // of these
}

// repoUsage is what one repo has, of which others may have some as well.
type repoUsage struct {
	Repo    string `json:"repo"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"`
}

// mirrorDocument is the JSON of mirror.
type mirrorDocument struct {
	Repos []mirror.Outcome `json:"repos"`
	Dry   bool             `json:"dry"` // nothing was done
}

// serveDocument is the JSON of serve, printed when it begins.
type serveDocument struct {
	Endpoint string `json:"endpoint"`
	Token    string `json:"token"`
	Dir      string `json:"dir"`
}

// upscaleDocument is the JSON of upscale.
type upscaleDocument struct {
	Recipe string `json:"recipe"`
}

// errorDocument is the JSON of a failure, where no other document was printed.
type errorDocument struct {
	Error failure `json:"error"`
}

// failure is an error as programs want it.
type failure struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Code    string `json:"code"` // a word for its kind
	Exit    int    `json:"exit"` // the exit code
}
