package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"longcat/merge/jsontext"
)

// moduleNames rewrites lists of module names, and objects whose keys are module
// names, in which layers stand by number: what a quantisation leaves out or
// treats in its own way. The names may be regular expressions.
func (r *rewriter) moduleNames(m member) bool {
	switch m.v.Kind {
	case jsontext.Array:
		if !slices.ContainsFunc(m.v.Vals, func(v *jsontext.Value) bool { return v.Kind == jsontext.String && r.names(v.Str) }) {
			return false
		}
		var items [][]byte
		for _, x := range r.renamed(m.path, func(c *Config, v *jsontext.Value) (list []named) {
			if v.Kind != jsontext.Array {
				return nil
			}
			for _, el := range v.Vals {
				if el.Kind == jsontext.String {
					list = append(list, named{el.Str, nil})
				}
			}
			return list
		}) {
			items = append(items, quoted(x.name))
		}
		r.edit(m.v, r.base.Text.Array(m.v, items))
		return true
	case jsontext.Object:
		if !slices.ContainsFunc(m.v.Keys, r.names) {
			return false
		}
		var members []jsontext.Member
		for _, x := range r.renamed(m.path, func(c *Config, v *jsontext.Value) (list []named) {
			for i, key := range v.Keys {
				list = append(list, named{key, c.Text.Raw(v.Vals[i])})
			}
			return list
		}) {
			members = append(members, jsontext.Member{Key: x.name, Text: x.text})
		}
		r.edit(m.v, r.base.Text.Object(m.v, members))
		return true
	case jsontext.String:
		if strings.Contains(m.path, "quantization") && r.names(m.v.Str) {
			if t := r.split(m.v.Str); !t.all() {
				r.refuse("%s names layers by number, and they have moved: %q", m.path, m.v.Str)
			}
			return true
		}
	}
	return false
}

// named is a module name or a pattern of such, with what belongs to it.
type named struct {
	name string
	text []byte
}

// renamed gives the names of all models with the layers' new numbers.
func (r *rewriter) renamed(path string, of func(*Config, *jsontext.Value) []named) []named {
	var out []named
	have := map[string]bool{}
	add := func(x named) {
		if !have[x.name] {
			have[x.name] = true
			out = append(out, x)
		}
	}
	rules := map[*Config][]template{}
	r.each(func(c *Config) {
		v := c.Text.Root.Lookup(path)
		if v == nil {
			return
		}
		for _, x := range of(c, v) {
			t := template{}
			if r.names(x.name) {
				t = r.split(x.name)
			}
			if t.before == "" || t.all() {
				add(x)
				continue
			}
			rules[c] = append(rules[c], t)
			if t.set == nil {
				r.refuse("%s names layers of %q by number in a way that could not be read, and they have moved: %q", path, r.base.Prefix, x.name)
				return
			}
			var now []string
			for i, l := range r.layers {
				if l.From == c && t.set(l.Index) {
					now = append(now, strconv.Itoa(i))
				}
			}
			r.extras(func(l Layer, to int) {
				if l.From == c && t.set(l.Index) {
					now = append(now, strconv.Itoa(to))
				}
			})
			switch {
			case len(now) == 0:
			case t.pattern && len(now) > 1:
				add(named{t.before + "(?:" + strings.Join(now, "|") + ")" + t.after, x.text})
			default:
				for _, n := range now {
					add(named{t.before + n + t.after, x.text})
				}
			}
		}
	})
	r.says(func(c *Config, layer int) string {
		var b strings.Builder
		for _, t := range rules[c] {
			if t.set != nil && t.set(layer) {
				b.WriteString(t.before + "*" + t.after + ";")
			}
		}
		return b.String()
	})
	return out
}

// template is a module name around a layer's number.
type template struct {
	before, after string
	pattern       bool // a regular expression
	set           func(layer int) bool
}

// all reports whether the name is one of every layer.
func (t template) all() bool {
	if t.set == nil {
		return false
	}
	for layer := range 1000 {
		if !t.set(layer) {
			return false
		}
	}
	return true
}

// where finds the last part of the stack's prefix in a name, with the dot after it.
func (r *rewriter) where(name string) []int {
	if r.stack == nil {
		last := r.base.Prefix[strings.LastIndexByte(r.base.Prefix, '.')+1:]
		r.stack = regexp.MustCompile(`(?:^|[^a-zA-Z0-9_])` + regexp.QuoteMeta(last) + `(?:\\?\.|\[\.\]|/)`)
	}
	return r.stack.FindStringIndex(name)
}

// word is a part of a module's name; outer are those that programs put before
// the names of a checkpoint, or leave out.
var (
	word  = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]+`)
	outer = []string{"model", "language_model", "text_model", "base_model", "transformer", "backbone", "thinker", "llm", "lm", "module", "decoder", "encoder", "re"}
)

// names reports whether a name is that of a layer of the stack.
func (r *rewriter) names(name string) bool {
	at := r.where(name)
	if at == nil || at[1] == len(name) {
		return false
	}
	before := name[:at[0]]
	if IsTower(before) != IsTower(r.base.Prefix) && (IsTower(before) || before != "") {
		return false
	}
	if words := word.FindAllString(before, -1); len(words) > 0 {
		last := words[len(words)-1]
		if !slices.Contains(strings.Split(r.base.Prefix, "."), last) && !slices.Contains(outer, last) {
			return false // the layers of another part, such as mtp
		}
	}
	theirs, mine := sideOf(before), sideOf(r.base.Prefix)
	return theirs == neither || mine == neither || theirs == mine
}

// split cuts a name that names accepts around the layer's number or what stands
// in its place.
func (r *rewriter) split(name string) template {
	at := r.where(name)
	if at == nil {
		return template{}
	}
	t := template{before: name[:at[1]], pattern: strings.HasPrefix(name, "re:") || strings.ContainsAny(name, `\()[]|+^$`)}
	rest := name[at[1]:]
	end := len(layerPart.FindString(rest))
	part := rest[:end]
	t.after = rest[end:]
	if end == 0 || !partEnd.MatchString(t.after) || r.where(t.after) != nil {
		return t
	}
	if n, err := strconv.Atoi(part); err == nil {
		t.set = func(layer int) bool { return layer == n }
		return t
	}
	if part == "*" {
		part = ".*"
	}
	if re, err := regexp.Compile("^(?:" + part + ")$"); err == nil && len(part) < 1000 {
		t.set = func(layer int) bool { return re.MatchString(strconv.Itoa(layer)) }
		t.pattern = true
	}
	return t
}

// layerPart is what can stand in place of a layer's number, and partEnd what has
// to follow it.
var (
	layerPart = regexp.MustCompile(`^(?:\*|\.[*+]\??|(?:\([^()]*\)|\[[^\]]*\][+*?]?|\\d[+*]?|\d)+)`)
	partEnd   = regexp.MustCompile(`^(?:$|\\?\.|/|\)|\$|\||\[\.\])`)
)
