package localhub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
	"longcat/hub/localhub/web"
	"longcat/internal/units"
)

// layerMap is the picture that longcat puts beside a merge's card.
const layerMap = "layer-map.svg"

// cardPage answers GET /{repo}.
func (h *Hub) cardPage(w http.ResponseWriter, c *call) error {
	at, err := c.repo.Resolve(store.DefaultBranch)
	if err != nil {
		return err
	}
	about, err := h.card(c.Context(), c.repo, at)
	if err != nil {
		return err
	}
	card := about.values
	page := web.Card{Inside: h.inside(c, "card", c.id.Name), Facts: h.facts(c, at, card), Commands: c.commands()}
	page.Topics, _ = stringList(card["tags"])
	if err := h.authorize(c.token, c.repo, toRead); err != nil {
		page.Reason = asAPIError(err).Message
		return h.writePage(w, http.StatusOK, page)
	}
	h.showCard(c, at, &page)
	if _, ok := at.Find(layerMap); ok && !strings.Contains(string(page.HTML), layerMap) {
		page.Map = pageAt(c.id, "resolve", at.ID, layerMap)
	}
	return h.writePage(w, http.StatusOK, page)
}

// maxCard is the size of the largest card that is shown, in bytes, and maxHTML
// of what it becomes.
const (
	maxCard = 1 << 20
	maxHTML = 4 << 20
)

// renderCost is how many times its length a card takes while it becomes HTML.
const renderCost = 64

const unshown = "This card is too long to be shown here. It is README.md among the files."

// showCard puts the card onto the page: as HTML if there is somebody to make
// it, else as it is written.
func (h *Hub) showCard(c *call, at *store.Commit, page *web.Card) {
	f, ok := at.Find("README.md")
	switch {
	case !ok || f.Size == 0:
		page.Reason = "This repo has no card: no README.md says what it is."
	case f.LFS != "" || f.Size > maxCard:
		page.Reason = unshown
	case h.opts.Render != nil:
		html, err := h.render(c, at, f)
		if err != nil {
			page.Reason = unshown
			return
		}
		// Pictures come from the commit itself: at a branch, the way to them
		// would lead over an address that the browser sends no password to.
		html = bytes.ReplaceAll(html, []byte(cardBase(f)), []byte(pageAt(c.id, "resolve", at.ID, "")+"/"))
		page.HTML = template.HTML(html) // that it is safe is what Render promises
		if len(html) == 0 {
			page.Reason = "The card has metadata but no text."
		}
	default:
		if page.Text, ok = shownText(c.repo.ReadFile(at, "README.md", maxCard)); !ok {
			page.Reason = unshown
		}
	}
}

// cardBase stands in a card's HTML for the base of its relative addresses, so
// that the HTML is the same in all repos and commits. No card can have it in its
// text: it is made of the card's own hash.
func cardBase(f store.File) string { return "/-/card/" + f.OID + "/" }

// render makes HTML of a card, each content once.
func (h *Hub) render(c *call, at *store.Commit, f store.File) ([]byte, error) {
	ctx := context.WithoutCancel(c.Context())
	return h.rendered.get(c.Context(), f.OID, func() (html []byte, size int64, err error) {
		err = h.withMemory(ctx, f.Size*renderCost, func() error {
			html, err = h.opts.Render(c.repo.ReadFile(at, "README.md", maxCard), cardBase(f))
			return err
		})
		if html = reachable(bytes.TrimSpace(html)); err == nil && len(html) > maxHTML {
			html, err = nil, errors.New("too long a page")
		}
		return html, int64(len(html)), err
	})
}

// reachable lets the keyboard scroll what may be wider than the page. In safe
// HTML these bytes are nothing but store.Tags: elsewhere "<" is escaped.
func reachable(html []byte) []byte {
	html = bytes.ReplaceAll(html, []byte("<pre>"), []byte(`<pre tabindex="0">`))
	html = bytes.ReplaceAll(html, []byte("<table>"), []byte(`<div class="wide-table" tabindex="0"><table>`))
	return bytes.ReplaceAll(html, []byte("</table>"), []byte("</table></div>"))
}

// commands fetch the repo from here.
func (c *call) commands() []string {
	kind := ""
	if c.id.Type != wire.Model {
		kind = " --repo-type " + string(c.id.Type)
	}
	endpoint := "export HF_ENDPOINT=" + c.origin()
	if c.repo.Settings.Private {
		endpoint += "\nexport HF_TOKEN=…"
	}
	return []string{endpoint, "hf download " + c.id.Name + kind, "longcat download " + c.id.Name + kind}
}

// facts are what stands beside the card.
func (h *Hub) facts(c *call, at *store.Commit, card map[string]any) []web.Fact {
	var list []web.Fact
	add := func(name, note string, values ...web.Link) {
		if len(values) > 0 || note != "" {
			list = append(list, web.Fact{Name: name, Values: values, Note: note})
		}
	}
	add("License", "", c.license(at, card)...)
	relation, _ := card["base_model_relation"].(string)
	if bases := h.repoLinks(c, wire.Model, card["base_model"]); len(bases) > 0 {
		if relation != "" {
			relation = "(" + relation + ")"
		}
		add("Base model", relation, bases...)
	}
	add("Datasets", "", h.repoLinks(c, wire.Dataset, card["datasets"])...)
	for _, f := range []struct{ name, key string }{{"Task", "pipeline_tag"}, {"Library", "library_name"}, {"Language", "language"}} {
		values, _ := stringList(card[f.key])
		add(f.name, "", texts(values)...)
	}
	if counted, err := h.parameters(c.Context(), c.repo, at); err == nil && counted != nil && counted.Total > 0 {
		add("Parameters", "", web.Link{Text: units.Count(counted.Total)})
	}
	weights := slices.DeleteFunc(slices.Clone(at.Files()), func(f store.File) bool { return !weightFormats[path.Ext(f.Path)] })
	if len(weights) > 0 {
		add("Weights", fmt.Sprintf("in %s", files(len(weights))), web.Link{Text: units.Size(sizeOf(weights))})
	}
	add("All files", "", web.Link{Text: units.Size(sizeOf(at.Files()))})
	add("Last change", "", web.Link{Text: web.Day(at.Date), Href: pageAt(c.id, "commit", at.ID, "")})
	return list
}

// files counts files in words.
func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// license is what the card says of it, with a link to its text where that is
// on the web or in the repo.
func (c *call) license(at *store.Commit, card map[string]any) []web.Link {
	ids, _ := stringList(card["license"])
	links := texts(ids)
	if name, _ := card["license_name"].(string); name != "" {
		links = append(links, web.Link{Text: name})
	}
	if len(links) == 0 {
		return nil
	}
	last := &links[len(links)-1]
	target, _ := card["license_link"].(string)
	if strings.HasPrefix(target, "https://") {
		last.Href = target
		return links
	}
	for _, p := range []string{target, "LICENSE", "LICENSE.txt", "LICENSE.md"} {
		if _, ok := at.Find(p); ok && p != "" {
			last.Href = pageAt(c.id, "blob", store.DefaultBranch, p)
			break
		}
	}
	return links
}

// repoLinks are the repos that a card names, with links to those that are here
// for this visitor to see.
func (h *Hub) repoLinks(c *call, t wire.RepoType, names any) []web.Link {
	list, _ := stringList(names)
	links := texts(list)
	for i := range links {
		id := RepoID{Type: t, Name: links[i].Text}
		if r, ok := h.lookup(id); ok && h.authorize(c.token, r, toSee) == nil {
			links[i].Href = "/" + id.String()
		}
	}
	return links
}

// texts are values that lead nowhere. A card may hold any number of them.
func texts(values []string) []web.Link {
	const most = 50
	var links []web.Link
	for _, v := range values[:min(len(values), most)] {
		links = append(links, web.Link{Text: v})
	}
	return links
}
