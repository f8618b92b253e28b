package hub_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

func scope(kind, name string, permissions ...string) wire.Scope {
	return wire.Scope{Entity: wire.ScopeEntity{Type: kind, Name: name}, Permissions: permissions}
}

// What a token may write is known before anything is sent, and the hub agrees.
func TestMayWrite(t *testing.T) {
	t.Parallel()
	tokens := map[string]localhub.Token{
		"writer": {User: "ann", Role: localhub.Write, Orgs: []string{"acme", "lab", "club", "none"}, OrgRoles: map[string]string{"lab": "read", "club": "contributor", "none": "no_access"}},
		"reader": {User: "ann", Orgs: []string{"acme"}},
		"own":    {User: "ann", Role: localhub.FineGrained, Orgs: []string{"acme"}, Scopes: []wire.Scope{scope("user", "ann", "repo.content.read", "repo.write")}},
		"org":    {User: "ann", Role: localhub.FineGrained, Orgs: []string{"acme"}, Scopes: []wire.Scope{scope("org", "acme", "repo.write"), scope("user", "ann", "repo.content.read")}},
		"single": {User: "ann", Role: localhub.FineGrained, Scopes: []wire.Scope{scope("model", "ann/model", "repo.write"), scope("dataset", "ann/new", "repo.write")}},
	}
	w := newWorld(t, func(o *localhub.Options) {
		for name, token := range tokens {
			token.Secret = "hf_" + name
			o.Tokens = append(o.Tokens, token)
		}
		o.Tokens = append(o.Tokens, localhub.Token{Secret: "hf_lab", User: "lab", Role: localhub.Write})
	})
	w.seed(files{})
	if _, err := w.client(func(c *hub.Config) { c.Token = "hf_lab" }).CreateRepo(t.Context(), hub.Repo{ID: "lab/model"}, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		token, repo string
		reason      hub.PermissionReason
		says        string
	}{
		{"", "ann/model", hub.NoToken, `writing to "ann/model" needs a token`},
		{"", "ann/new", hub.NoToken, `creating "ann/new" needs a token`},
		{"writer", "ann/model", 0, ""},
		{"writer", "ann/new", 0, ""},
		{"writer", "acme/new", 0, ""},
		{"writer", "club/new", 0, ""},
		{"writer", "lab/new", hub.RoleTooLow, `creating "lab/new": "ann" has the role "read" in "lab"`},
		{"writer", "none/new", hub.RoleTooLow, `"no_access"`},
		{"writer", "lab/model", hub.HubRefuses, `asking whether the token may write to "lab/model": the hub answered 403`},
		{"writer", "bob/new", hub.NotAMember, `creating "bob/new": "ann" is not a member of "bob"`},
		{"reader", "ann/model", hub.HubRefuses, "403"},
		{"reader", "ann/new", hub.ReadOnlyToken, `the token of "ann" may only read`},
		{"own", "ann/model", 0, ""},
		{"own", "ann/new", 0, ""},
		{"own", "acme/new", hub.OutOfScope, `the fine-grained token of "ann" does not include it`},
		{"org", "acme/new", 0, ""},
		{"org", "ann/new", hub.OutOfScope, ""},
		{"org", "ann/model", hub.HubRefuses, ""},
		{"single", "ann/model", 0, ""},
		{"single", "ann/new", hub.OutOfScope, ""}, // a dataset of that name, not a model
	} {
		client := w.client(func(cfg *hub.Config) {
			cfg.Token = ""
			if c.token != "" {
				cfg.Token = "hf_" + c.token
			}
		})
		where := hub.Target{Repo: hub.Repo{Type: wire.Model, ID: c.repo}}
		s, err := client.MayWrite(t.Context(), where)
		var refused *hub.PermissionError
		switch {
		case c.reason == 0 && err != nil:
			t.Errorf("%s, %s: %v", c.token, c.repo, err)
		case c.reason != 0 && (!errors.As(err, &refused) || refused.Reason != c.reason || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s, %s: %v, want reason %d", c.token, c.repo, err, c.reason)
		}
		if s == nil || s.Exists {
			continue
		}
		// The hub's own judgement is the same.
		_, err = client.CreateRepo(t.Context(), where.Repo, "")
		if (err == nil) != (c.reason == 0) {
			t.Errorf("%s, %s: creating it: %v", c.token, c.repo, err)
		}
		if err == nil {
			if err := client.DeleteRepo(t.Context(), where.Repo); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(w.requests(path(http.MethodPost, "/commit/"))); n > 0 {
		t.Errorf("%d commits", n)
	}
}

func TestMayWriteWhereHubsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.faults.Add(localhub.Fault{Path: "/whoami-v2", Status: 404}, localhub.Fault{Path: "/preupload/", Status: 404})
	c := w.client()
	for range 2 {
		s, err := c.MayWrite(t.Context(), hub.Target{Repo: repo})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.MakeTarget(t.Context(), hub.Target{Repo: repo, Branch: "next"}, s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVisibility(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *localhub.Options) {
		o.PrivateByDefault = []string{"acme"}
		o.Tokens[0].Orgs = []string{"acme"}
	})
	var wrong *hub.VisibilityError
	for _, c := range []struct {
		repo     string
		want, is hub.Visibility
	}{
		{"ann/unsaid", "", hub.Public},
		{"acme/unsaid", "", hub.Private},
		{"acme/open", hub.Public, hub.Public},
		{"ann/closed", hub.Private, hub.Private},
	} {
		where := hub.Target{Repo: hub.Repo{ID: c.repo}, Visibility: c.want}
		if err := w.client().MakeTarget(t.Context(), where, &hub.TargetState{}); err != nil {
			t.Fatal(err)
		}
		where.Visibility = ""
		s, err := w.client().Look(t.Context(), where)
		if err != nil || s.Visibility != c.is {
			t.Errorf("%s: %+v, %v", c.repo, s, err)
		}
		where.Visibility = map[hub.Visibility]hub.Visibility{hub.Public: hub.Private, hub.Private: hub.Public}[c.is]
		if _, err := w.client().MayWrite(t.Context(), where); !errors.As(err, &wrong) || wrong.Is != c.is {
			t.Errorf("%s: %v", c.repo, err)
		}
		// somebody made it between the look and the creation
		if err := w.client().MakeTarget(t.Context(), where, &hub.TargetState{}); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", c.repo, err)
		}
	}
}

// A 409 is 'exists' only if the repo is then found.
func TestCreateConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	busy := localhub.Fault{Path: "/repos/create", Status: 409, Message: "Another operation is in progress", Times: 2}
	w.faults.Add(busy)
	if existed, err := w.client().CreateRepo(t.Context(), repo, hub.Private); existed || err != nil {
		t.Error(existed, err)
	}
	if existed, err := w.client().CreateRepo(t.Context(), repo, ""); !existed || err != nil {
		t.Error(existed, err)
	}
	busy.Times = 0
	w.faults.Add(busy)
	_, err := w.client(func(c *hub.Config) { c.RetryFor = time.Second }).CreateRepo(t.Context(), hub.Repo{ID: "ann/other"}, "")
	if !errors.Is(err, hub.ErrConflict) || !strings.Contains(err.Error(), "Another operation is in progress") {
		t.Error(err)
	}
}
