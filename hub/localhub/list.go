package localhub

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

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
