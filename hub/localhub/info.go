package localhub

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"

	"longcat/hub/localhub/store"
	"longcat/hub/wire"
	"longcat/internal/limits"
)

// repoInfo answers GET /api/models/{repo} and …/revision/{rev}. The parameters
// expand, full and the like are taken, and everything is shown anyway.
func (h *Hub) repoInfo(w http.ResponseWriter, c *call) error {
	at, err := c.repo.Resolve(cmp.Or(c.target(), store.DefaultBranch))
	if err != nil {
		return err
	}
	info, err := h.info(c.Context(), c.repo, at)
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

func siblings(c *store.Commit, blobs bool) []sibling {
	list := make([]sibling, 0, len(c.Files()))
	for _, f := range c.Files() {
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
func (h *Hub) info(ctx context.Context, r *store.Repo, at *store.Commit) (*info, error) {
	about, err := h.card(ctx, r, at)
	if err != nil {
		return nil, err
	}
	card := about.values
	config, modelType := configJSON(r.ReadFile(at, "config.json", limits.Config))
	used, err := h.usedStorage(r)
	if err != nil {
		return nil, err
	}
	i := &info{
		RepoInfo: wire.RepoInfo{
			ID: r.ID.Name, SHA: at.ID, Private: r.Private, Disabled: r.Disabled, Gated: r.Gated,
			Tags: repoTags(at, card, modelType), CardData: about.json, Config: config, UsedStorage: used,
		},
		Author:    r.ID.Namespace(),
		CreatedAt: jsonTime(r.Created), LastModified: jsonTime(at.Date),
	}
	i.PipelineTag, _ = card["pipeline_tag"].(string)
	i.Library, _ = card["library_name"].(string)
	if r.ID.Type == wire.Model {
		i.ModelID = r.ID.Name
	}
	return i, nil
}

// usedStorage sums the large files of all the repo's commits, in bytes.
func (h *Hub) usedStorage(r *store.Repo) (int64, error) {
	ids, err := r.ObjectIDs()
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, id := range ids {
		size, _ := h.objectSize(id)
		sum += size
	}
	return sum, nil
}

// formats are the store.Tags that file names give.
var formats = map[string]string{".safetensors": "safetensors", ".gguf": "gguf", ".onnx": "onnx", ".tflite": "tflite"}

// repoTags are the store.Tags that the Hub derives from a repo's files and card.
func repoTags(at *store.Commit, card map[string]any, modelType string) []string {
	list := []string{}
	add := func(tag string) {
		if tag != "" && !slices.Contains(list, tag) {
			list = append(list, tag)
		}
	}
	library, _ := card["library_name"].(string)
	add(library)
	for _, f := range at.Files() {
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
	t := store.RepoTypes[strings.TrimPrefix(c.URL.Path, "/api/")]
	list := []*info{}
	repos, err := h.visible(c.token, t, q.Get("search"), q.Get("author"))
	if err != nil {
		return err
	}
	for _, r := range repos {
		at, err := r.Resolve(store.DefaultBranch)
		if err != nil {
			continue // deleted this moment
		}
		i, err := h.info(c.Context(), r, at)
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

// hasTags reports whether all the comma-separated store.Tags are there.
func hasTags(have []string, want string) bool {
	for tag := range strings.SplitSeq(want, ",") {
		if !slices.Contains(have, tag) {
			return false
		}
	}
	return true
}

// visible lists, by name, the repos of a type that t may see.
func (h *Hub) visible(t *Token, kind wire.RepoType, search, author string) ([]*store.Repo, error) {
	repos, err := h.store.Repos()
	if err != nil {
		return nil, err
	}
	var list []*store.Repo
	for _, r := range repos {
		if r.ID.Type != kind || h.authorize(t, r, toSee) != nil || (author != "" && r.ID.Namespace() != author) ||
			!strings.Contains(strings.ToLower(r.ID.Name), strings.ToLower(search)) {
			continue
		}
		list = append(list, r)
	}
	return list, nil
}
