package localhub

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
	"longcat/internal/limits"
)

// repoInfo answers GET /api/models/{repo} and …/revision/{rev}.
func (h *Hub) repoInfo(w http.ResponseWriter, c *call) error {
	at, err := c.repo.Resolve(cmp.Or(c.target(), store.DefaultBranch))
	if err != nil {
		return err
	}
	info, err := h.info(c.Context(), c.repo, at)
	if err != nil {
		return err
	}
	if info.Safetensors, err = h.parameters(c.Context(), c.repo, at); err != nil {
		return err
	}
	info.Siblings = siblings(at, isSet(c.URL.Query().Get("blobs")))
	info.XetEnabled = !h.opts.NoXet
	w.Header().Set(wire.HeaderRepoCommit, at.ID)
	answer, err := expand(c, info)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// info is wire.RepoInfo and what else the Hub says.
type info struct {
	wire.RepoInfo
	repo *store.Repo
	at   *store.Commit

	ModelID      string           `json:"modelId,omitempty"`
	Author       string           `json:"author"`
	CreatedAt    json.RawMessage  `json:"createdAt"`
	LastModified json.RawMessage  `json:"lastModified"`
	Downloads    int              `json:"downloads"`
	Likes        int              `json:"likes"`
	PipelineTag  string           `json:"pipeline_tag,omitempty"`
	Library      string           `json:"library_name,omitempty"`
	Siblings     []sibling        `json:"siblings,omitzero"`
	SDK          string           `json:"sdk,omitempty"`
	Safetensors  *safetensorsInfo `json:"safetensors,omitempty"`
	XetEnabled   bool             `json:"xetEnabled,omitempty"` // some Python clients ask for it by name
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
	config, modelType, architecture := configJSON(r.ReadFile(at, "config.json", limits.Config))
	library, _ := card["library_name"].(string)
	task, _ := card["pipeline_tag"].(string)
	if r.ID.Type == wire.Model && modelType != "" {
		library = cmp.Or(library, "transformers")
	}
	if r.ID.Type == wire.Model && library == "transformers" {
		task = cmp.Or(task, taskOf(architecture))
	}
	used, err := h.usedStorage(r)
	if err != nil {
		return nil, err
	}
	i := &info{
		RepoInfo: wire.RepoInfo{
			ID: r.ID.Name, SHA: at.ID, Private: r.Private, Disabled: r.Disabled, Gated: r.Gated,
			Tags: repoTags(at, card, library, task, modelType), CardData: about.json, Config: config, UsedStorage: used,
		},
		Author:    r.ID.Namespace(),
		CreatedAt: jsonTime(r.Created), LastModified: jsonTime(at.Date),
	}
	i.PipelineTag, i.Library = task, library
	i.SDK, _ = card["sdk"].(string)
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
func repoTags(at *store.Commit, card map[string]any, library, task, modelType string) []string {
	list := []string{}
	add := func(tag string) {
		if tag != "" && !slices.Contains(list, tag) {
			list = append(list, tag)
		}
	}
	add(library)
	for _, f := range at.Files() {
		add(formats[path.Ext(f.Path)])
		if path.Base(f.Path) == "pytorch_model.bin" {
			add("pytorch")
		}
	}
	add(modelType)
	add(task)
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
// search, author, filter, pipeline_tag, gated, num_parameters, inference, sort,
// limit, full and expand.
func (h *Hub) listRepos(w http.ResponseWriter, c *call) error {
	q := c.URL.Query()
	t := store.RepoTypes[strings.TrimPrefix(c.URL.Path, "/api/")]
	expanded, err := expansion(c, t)
	if err != nil {
		return err
	}
	order, err := sortBy(q.Get("sort"))
	if err != nil {
		return err
	}
	wanted, err := h.filters(c)
	if err != nil {
		return err
	}
	repos, err := h.visible(c.token, t, q.Get("search"), q.Get("author"))
	if err != nil {
		return err
	}
	list := []*info{}
	for _, r := range repos {
		if err := c.Context().Err(); err != nil {
			return err
		}
		at, err := r.Resolve(store.DefaultBranch)
		if err != nil {
			continue // deleted this moment
		}
		i, err := h.info(c.Context(), r, at)
		if err != nil {
			return err
		}
		i.repo, i.at = r, at
		if ok, err := wanted(i); err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		list = append(list, i)
	}
	if order != nil {
		slices.SortStableFunc(list, order)
	}
	answer := []any{}
	for _, i := range page(w, c, c.URL.Path, list, h.opts.PageSize) {
		if isSet(q.Get("full")) || slices.Contains(expanded, "siblings") {
			i.Siblings = siblings(i.at, false)
		}
		if !isSet(q.Get("cardData")) && !slices.Contains(expanded, "cardData") {
			i.CardData = nil
		}
		if slices.Contains(expanded, "safetensors") {
			if i.Safetensors, err = h.parameters(c.Context(), i.repo, i.at); err != nil {
				return err
			}
		}
		if expanded != nil {
			answer = append(answer, i.only(expanded))
		} else {
			answer = append(answer, i)
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// sortBy is the order that a list is asked for; nil for that of names.
func sortBy(field string) (func(a, b *info) int, error) {
	switch field {
	case "lastModified", "last_modified":
		return func(a, b *info) int { return strings.Compare(string(b.LastModified), string(a.LastModified)) }, nil
	case "createdAt", "created_at":
		return func(a, b *info) int { return strings.Compare(string(b.CreatedAt), string(a.CreatedAt)) }, nil
	case "", "downloads", "likes", "trendingScore", "trending_score": // of which all have none
		return nil, nil
	}
	return nil, badRequest("Invalid value for \"sort\": %q", field)
}

// filters tells which repos a list is to have, beside those that visible finds.
func (h *Hub) filters(c *call) (func(*info) (bool, error), error) {
	q := c.URL.Query()
	least, most, err := parseRange(q.Get("num_parameters"))
	if err != nil {
		return nil, err
	}
	return func(i *info) (bool, error) {
		if p := q.Get("pipeline_tag"); p != "" && p != i.PipelineTag {
			return false, nil
		}
		if g := q.Get("gated"); g != "" && isSet(g) != (i.Gated != "") {
			return false, nil
		}
		if q.Get("inference") != "" || q.Get("inference_provider") != "" { // nobody runs models here
			return false, nil
		}
		if slices.ContainsFunc(q["filter"], func(tag string) bool { return !hasTags(i.Tags, tag) }) {
			return false, nil
		}
		if q.Get("num_parameters") == "" {
			return true, nil
		}
		counted, err := h.parameters(c.Context(), i.repo, i.at)
		return counted != nil && counted.Total >= least && counted.Total <= most, err
	}, nil
}

var rangePart = regexp.MustCompile(`^(min|max):(\d+(?:\.\d+)?)([KMBT]?)$`)

// parseRange reads "min:6B,max:128B".
func parseRange(text string) (least, most int64, err error) {
	most = math.MaxInt64
	if text == "" {
		return 0, most, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		m := rangePart.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return 0, 0, badRequest("Invalid value for \"num_parameters\": %q", text)
		}
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return 0, 0, badRequest("Invalid value for \"num_parameters\": %q", text)
		}
		n = min(n*map[string]float64{"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}[m[3]], 1e18)
		if m[1] == "min" {
			least = int64(n)
		} else {
			most = int64(n)
		}
	}
	return least, most, nil
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
