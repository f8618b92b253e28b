package localhub

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"path"
	"slices"

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
	if info.GGUF, err = h.gguf(c.Context(), c.repo, at); err != nil {
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
	GGUF         *ggufInfo        `json:"gguf,omitempty"`
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
