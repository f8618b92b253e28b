package localhub

import (
	"cmp"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"

	"longcat/hub/wire"
	"longcat/internal/limits"
)

// repoInfo answers GET /api/models/{repo} and …/revision/{rev}. The parameters
// expand, full and the like are taken, and everything is shown anyway.
func (h *Hub) repoInfo(w http.ResponseWriter, c *call) error {
	at, err := c.repo.resolve(cmp.Or(c.target(), defaultBranch))
	if err != nil {
		return err
	}
	info, err := c.repo.info(at)
	if err != nil {
		return err
	}
	info.Siblings = siblings(at, isSet(c.URL.Query().Get("blobs")))
	info.XetEnabled = !h.opts.NoXet
	w.Header().Set(wire.HeaderRepoCommit, at.ID)
	writeJSON(w, http.StatusOK, info)
	return nil
}

// info is wire.RepoInfo and what else the Hub says.
type info struct {
	wire.RepoInfo
	ModelID      string          `json:"modelId,omitempty"`
	Author       string          `json:"author"`
	CreatedAt    json.RawMessage `json:"createdAt"`
	LastModified json.RawMessage `json:"lastModified"`
	Downloads    int             `json:"downloads"`
	Likes        int             `json:"likes"`
	PipelineTag  string          `json:"pipeline_tag,omitempty"`
	Library      string          `json:"library_name,omitempty"`
	Siblings     []sibling       `json:"siblings,omitzero"`
	XetEnabled   bool            `json:"xetEnabled,omitempty"` // some Python clients ask for it by name
}

// sibling is wire.Sibling and what blobs=true adds.
type sibling struct {
	wire.Sibling
	Size   *int64      `json:"size,omitempty"`
	BlobID string      `json:"blobId,omitempty"`
	LFS    *siblingLFS `json:"lfs,omitempty"`
}

type siblingLFS struct {
	SHA256      string `json:"sha256"`
	Size        int64  `json:"size"`
	PointerSize int    `json:"pointerSize"`
}

func siblings(c *commit, blobs bool) []sibling {
	list := make([]sibling, 0, len(c.files))
	for _, f := range c.files {
		s := sibling{Sibling: wire.Sibling{RFilename: f.Path}}
		if blobs {
			s.Size, s.BlobID = &f.Size, f.OID
			if f.LFS != "" {
				s.LFS = &siblingLFS{f.LFS, f.Size, len(wire.LFSPointer(f.LFS, f.Size))}
			}
		}
		list = append(list, s)
	}
	return list
}

// maxCardHead is how much of a card is read for its metadata, blank lines before
// it included.
const maxCardHead = limits.FrontMatter + 64<<10

// info describes the repo at a commit, without its files.
func (r *repo) info(at *commit) (*info, error) {
	file := r.file.Load()
	card, err := parseCard(r.read(at, "README.md", maxCardHead))
	if err != nil {
		card = nil // it was imported so
	}
	config, modelType := configJSON(r.read(at, "config.json", limits.Config))
	used, err := r.usedStorage()
	if err != nil {
		return nil, err
	}
	i := &info{
		RepoInfo: wire.RepoInfo{
			ID: r.id.Name, SHA: at.ID, Private: file.Private, Disabled: file.Disabled, Gated: file.Gated,
			Tags: repoTags(at, card, modelType), CardData: cardJSON(card), Config: config, UsedStorage: used,
		},
		Author:    r.id.namespace(),
		CreatedAt: jsonTime(file.Created), LastModified: jsonTime(at.Date),
	}
	i.PipelineTag, _ = card["pipeline_tag"].(string)
	i.Library, _ = card["library_name"].(string)
	if r.id.Type == wire.Model {
		i.ModelID = r.id.Name
	}
	return i, nil
}

// usedStorage sums the large files of all the repo's commits, in bytes.
func (r *repo) usedStorage() (int64, error) {
	ids, err := r.objectIDs(false)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, id := range ids {
		size, _ := r.store.objectSize(id)
		sum += size
	}
	return sum, nil
}

// formats are the tags that file names give.
var formats = map[string]string{".safetensors": "safetensors", ".gguf": "gguf", ".onnx": "onnx", ".tflite": "tflite"}

// repoTags are the tags that the Hub derives from a repo's files and card.
func repoTags(at *commit, card map[string]any, modelType string) []string {
	list := []string{}
	add := func(tag string) {
		if tag != "" && !slices.Contains(list, tag) {
			list = append(list, tag)
		}
	}
	library, _ := card["library_name"].(string)
	add(library)
	for _, f := range at.files {
		add(formats[path.Ext(f.Path)])
		if path.Base(f.Path) == "pytorch_model.bin" {
			add("pytorch")
		}
	}
	add(modelType)
	pipeline, _ := card["pipeline_tag"].(string)
	add(pipeline)
	for _, field := range []struct{ key, prefix string }{
		{"tags", ""}, {"language", ""}, {"base_model", "base_model:"}, {"datasets", "dataset:"}, {"license", "license:"},
	} {
		values, _ := stringList(card[field.key])
		for _, v := range values {
			add(field.prefix + v)
		}
	}
	if relation, _ := card["base_model_relation"].(string); relation != "" {
		bases, _ := stringList(card["base_model"])
		for _, v := range bases {
			add("base_model:" + relation + ":" + v)
		}
	}
	return list
}

// listRepos answers GET /api/models, /api/datasets and /api/spaces. It knows
// search, author, filter, pipeline_tag, sort, limit and full.
func (h *Hub) listRepos(w http.ResponseWriter, c *call) error {
	q := c.URL.Query()
	t := repoTypes[strings.TrimPrefix(c.URL.Path, "/api/")]
	list := []*info{}
	for _, r := range h.visible(c.token, t, q.Get("search"), q.Get("author")) {
		at, err := r.resolve(defaultBranch)
		if err != nil {
			continue // deleted this moment
		}
		i, err := r.info(at)
		if err != nil {
			return err
		}
		if p := q.Get("pipeline_tag"); p != "" && p != i.PipelineTag {
			continue
		}
		if slices.ContainsFunc(q["filter"], func(tag string) bool { return !hasTags(i.Tags, tag) }) {
			continue
		}
		if isSet(q.Get("full")) {
			i.Siblings = siblings(at, false)
		}
		if !isSet(q.Get("cardData")) && !slices.Contains(q["expand"], "cardData") {
			i.CardData = nil
		}
		list = append(list, i)
	}
	switch q.Get("sort") {
	case "lastModified":
		slices.SortStableFunc(list, func(a, b *info) int { return strings.Compare(string(b.LastModified), string(a.LastModified)) })
	case "createdAt":
		slices.SortStableFunc(list, func(a, b *info) int { return strings.Compare(string(b.CreatedAt), string(a.CreatedAt)) })
	}
	writeJSON(w, http.StatusOK, page(w, c, c.URL.Path, list, h.opts.PageSize))
	return nil
}

// hasTags reports whether all the comma-separated tags are there.
func hasTags(have []string, want string) bool {
	for tag := range strings.SplitSeq(want, ",") {
		if !slices.Contains(have, tag) {
			return false
		}
	}
	return true
}

// visible lists, by name, the repos of a type that t may see.
func (h *Hub) visible(t *Token, kind wire.RepoType, search, author string) []*repo {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var list []*repo
	for id, r := range h.repos {
		if id.Type != kind || h.authorize(t, r, toSee) != nil || (author != "" && id.namespace() != author) ||
			!strings.Contains(strings.ToLower(id.Name), strings.ToLower(search)) {
			continue
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *repo) int { return strings.Compare(a.id.Name, b.id.Name) })
	return list
}
