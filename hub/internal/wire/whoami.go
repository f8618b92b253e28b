package wire

import (
	"slices"
	"strings"
)

// WhoAmI is the answer of GET /api/whoami-v2.
type WhoAmI struct {
	Type string `json:"type"` // "user" or "org"
	Name string `json:"name"`
	Orgs []Org  `json:"orgs"`
	Auth Auth   `json:"auth"`

	// AnyNamespace: the token reaches every namespace. Only our own server says so.
	AnyNamespace bool `json:"anyNamespace,omitempty"`
}

// Org is an organisation that the user belongs to.
type Org struct {
	Name string `json:"name"`
	Role string `json:"roleInOrg,omitempty"` // "admin", "write", "contributor", "read" or "no_access"
}

// Auth describes how the request was authenticated.
type Auth struct {
	Type        string      `json:"type,omitempty"`
	AccessToken AccessToken `json:"accessToken"`
}

// AccessToken is the token's public side; the secret is never sent back.
type AccessToken struct {
	DisplayName string       `json:"displayName"`
	Role        string       `json:"role"` // "read", "write" or "fineGrained"
	FineGrained *FineGrained `json:"fineGrained,omitempty"`
}

// PermissionWrite is what a fine-grained token needs to commit and to create.
const PermissionWrite = "repo.write"

// FineGrained is what a token of the role "fineGrained" may do.
type FineGrained struct {
	Global []string `json:"global"` // permissions everywhere
	Scoped []Scope  `json:"scoped"`
}

// Scope gives permissions on one user's or organisation's repos, or on one repo.
type Scope struct {
	Entity      ScopeEntity `json:"entity"`
	Permissions []string    `json:"permissions"`
}

// ScopeEntity is what a scope is about.
type ScopeEntity struct {
	Type string `json:"type"` // "user", "org", "model", "dataset" or "space"
	Name string `json:"name"` // of a namespace, or "namespace/name"
}

// Allows tells whether the token has a permission for a repo.
func (f *FineGrained) Allows(t RepoType, id, permission string) bool {
	if slices.Contains(f.Global, permission) {
		return true
	}
	namespace, _, _ := strings.Cut(id, "/")
	return slices.ContainsFunc(f.Scoped, func(s Scope) bool {
		name := namespace
		if s.Entity.Type != "user" && s.Entity.Type != "org" {
			name = id
			if s.Entity.Type != strings.TrimSuffix(t.Plural(), "s") {
				return false
			}
		}
		return strings.EqualFold(s.Entity.Name, name) && slices.Contains(s.Permissions, permission)
	})
}
