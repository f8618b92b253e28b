package localhub

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub/localhub/store"
	"longcat/hub/localhub/web"
)

// listed is how many repos a page lists.
const listed = 50

// listPage answers GET /, /models, /datasets and /spaces: the repos that the
// visitor may see, the last changed first.
func (h *Hub) listPage(w http.ResponseWriter, c *call) error {
	q := c.URL.Query()
	if isSet(q.Get("signin")) && c.token == nil {
		return errAnonymous // makes the browser ask; from here on it sends the password everywhere
	}
	if next := q.Get("next"); isSet(q.Get("signin")) && localPath(next) {
		redirect(w, c, http.StatusFound, next)
		return nil
	}
	type dated struct {
		*store.Repo
		head string
		date time.Time
	}
	var found []dated
	for _, t := range lists[c.URL.Path] {
		repos, err := h.visible(c.token, t, q.Get("search"), "")
		if err != nil {
			return err
		}
		for _, r := range repos {
			head, ok := r.Ref(store.Heads, store.DefaultBranch)
			if !ok {
				continue // deleted this moment
			}
			at, err := r.Header(head)
			if err != nil {
				return err
			}
			found = append(found, dated{r, head, at.Date})
		}
	}
	slices.SortStableFunc(found, func(a, b dated) int {
		return cmp.Or(b.date.Compare(a.date), strings.Compare(a.ID.Name, b.ID.Name))
	})
	page := web.List{Frame: h.frame(c, "Repos"), Heading: "Repos", Total: len(found)}
	if c.URL.Path != "/" {
		page.Heading = strings.ToUpper(c.URL.Path[1:2]) + c.URL.Path[2:]
		page.Frame = h.frame(c, page.Heading)
	}
	page.List, page.Search = c.URL.Path, q.Get("search")
	start := cursor(c, len(found))
	end := min(start+listed, len(found))
	for _, d := range found[start:end] {
		at, err := d.Commit(d.head)
		if err != nil {
			return err
		}
		page.Repos = append(page.Repos, web.Summary{Repo: repoView(d.Repo), Changed: d.date, Size: sizeOf(at.Files())})
	}
	if start > 0 {
		page.Newer = c.withQuery(map[string]string{"cursor": ""})
	}
	if end < len(found) {
		page.More = c.withQuery(map[string]string{"cursor": strconv.Itoa(end)})
	}
	return h.writePage(w, http.StatusOK, page)
}

// sizeOf sums files, in bytes.
func sizeOf(files []store.File) int64 {
	var sum int64
	for _, f := range files {
		sum += f.Size
	}
	return sum
}

// localPath reports whether an address can lead nowhere but to this hub.
func localPath(address string) bool {
	u, err := url.Parse(address)
	return err == nil && !u.IsAbs() && u.Host == "" && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.ContainsAny(address, "\\\r\n")
}
