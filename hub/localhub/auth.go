package localhub

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// Role says what a token may do.
type Role string

// The roles. The zero value means Read.
const (
	Read        Role = "read"
	Write       Role = "write"
	FineGrained Role = "fineGrained" // what Token.Scopes say
)

// Token lets its holder act as User.
type Token struct {
	Secret string
	SHA256 string // of the secret in hexadecimal digits, in place of it
	User   string
	Role   Role
	Orgs   []string // organisations that User belongs to

	AnyNamespace bool // the token reaches every namespace, not only User's and Orgs'

	OrgRoles map[string]string // the role in an organisation, "write" if it is not here
	Scopes   []wire.Scope      // of a fine-grained token
}

// mayWrite tells whether the token's kind lets it change a repo.
func (t *Token) mayWrite(id RepoID) bool {
	switch t.Role {
	case Write:
		return true
	case FineGrained:
		scopes := wire.FineGrained{Scoped: t.Scopes}
		return scopes.Allows(id.Type, id.Name, wire.PermissionWrite)
	}
	return false
}

// roleIn is the user's role in an organisation of theirs.
func (t *Token) roleIn(org string) string { return cmp.Or(t.OrgRoles[org], "write") }

// hash is the sha256 of the secret.
func (t *Token) hash() (sum [sha256.Size]byte, err error) {
	switch {
	case t.Secret != "":
		return sha256.Sum256([]byte(t.Secret)), nil
	case store.IsSHA256(t.SHA256):
		_, err = hex.Decode(sum[:], []byte(t.SHA256))
		return sum, err
	case t.SHA256 != "":
		return sum, fmt.Errorf("the hash of %q's token is no sha256 in 64 small hexadecimal digits", t.User)
	}
	return sum, fmt.Errorf("token of user %q is empty", t.User)
}

// tokens finds a token by the hash of its secret, so that how long the search
// takes tells nothing about the secrets, and by a name that tells neither.
type tokens struct {
	byHash map[[sha256.Size]byte]*Token
	byID   map[string]*Token
}

func newTokens(list []Token) (*tokens, error) {
	t := &tokens{byHash: map[[sha256.Size]byte]*Token{}, byID: map[string]*Token{}}
	for _, token := range list {
		hash, err := token.hash()
		if err != nil {
			return nil, err
		}
		for _, name := range append([]string{token.User}, token.Orgs...) {
			if err := checkUser(name); err != nil {
				return nil, err
			}
		}
		t.byHash[hash] = &token
	}
	return t, nil
}

// SetTokens lets these tokens in from now on, and no others.
func (h *Hub) SetTokens(list []Token) error {
	tokens, err := newTokens(list)
	if err != nil {
		return err
	}
	for _, t := range tokens.byHash {
		tokens.byID[h.tokenID(t)] = t
	}
	h.tokens.Store(tokens)
	return nil
}

// checkUser says why name can not be a user's or organisation's.
func checkUser(name string) error {
	if wire.CheckRepoID(name) != nil || strings.Contains(name, "/") {
		return fmt.Errorf("%q can not be the name of a user or organisation", name)
	}
	return nil
}

// authenticate finds out whose request r is: nil for nobody's. A token that is
// wrong is an error even where none is needed. git-lfs sends tokens as a Basic
// password.
func (t *tokens) authenticate(r *http.Request) (*Token, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, nil
	}
	scheme, secret, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "Basic") {
		_, secret, _ = r.BasicAuth()
		// A browser sends its password whoever asks it to, other sites too.
		if err := new(http.CrossOriginProtection).Check(r); err != nil {
			return nil, forbidden("Requests from other sites can not change anything here")
		}
	} else if !strings.EqualFold(scheme, "Bearer") {
		return nil, errBadToken
	}
	if token := t.byHash[sha256.Sum256([]byte(secret))]; token != nil {
		return token, nil
	}
	return nil, errBadToken
}

// need is what a request must be allowed to do with a repo.
type need int

const (
	toSee     need = iota // its metadata
	toRead                // its content
	toPropose             // to send content for a pull request
	toWrite               // to change it
	toDelete              // all of it
)

// member reports whether the token acts for the namespace.
func (h *Hub) member(t *Token, namespace string) bool {
	return t != nil && (h.opts.AnyNamespace || t.AnyNamespace || t.User == namespace || slices.Contains(t.Orgs, namespace))
}

// writer reports whether a member of the namespace may create and write there.
func (h *Hub) writer(t *Token, namespace string) bool {
	if h.opts.AnyNamespace || t.AnyNamespace || t.User == namespace {
		return true
	}
	role := t.roleIn(namespace)
	return role != "read" && role != "no_access"
}

// authorize returns the answer to give to a request that wants more than t
// may: nil if it may. An invisible repo answers exactly as a missing one.
func (h *Hub) authorize(t *Token, r *store.Repo, n need) error {
	if r == nil || (r.Settings.Private && !h.member(t, r.ID.Namespace())) {
		if t == nil {
			return errHidden
		}
		return errNoRepo
	}
	s := r.Settings
	member := h.member(t, r.ID.Namespace())
	switch {
	case s.Disabled:
		return errDisabled
	case n == toSee:
		return nil
	case s.Gated != "" && !member && (t == nil || !slices.Contains(s.Granted, t.User)):
		status := http.StatusForbidden
		if t == nil {
			status = http.StatusUnauthorized
		}
		return &apiError{
			Status: status, Code: wire.CodeGatedRepo,
			Message: fmt.Sprintf("Access to %s %s is restricted. You must have access to it and be authenticated to access it. Please log in.", r.ID.Type, r.ID.Name),
		}
	case n == toRead:
		return nil
	case h.opts.ReadOnly:
		return errReadOnly
	case s.Upstream != "" && n != toDelete:
		return forbidden("%s %s is a copy of the one at %s: it is changed there", r.ID.Type, r.ID.Name, s.Upstream)
	case t == nil:
		return errAnonymous
	case !t.mayWrite(r.ID):
		return forbidden("This token has no write access: use a token with the write role")
	case n >= toWrite && (!member || !h.writer(t, r.ID.Namespace())):
		return forbidden("You don't have the rights to write to %s %s", r.ID.Type, r.ID.Name)
	}
	return nil
}

// whoAmI answers GET /api/whoami-v2.
func (h *Hub) whoAmI(w http.ResponseWriter, c *call) error {
	if c.token == nil {
		return errAnonymous
	}
	id := sha256.Sum256([]byte(c.token.User))
	me := whoAmI{
		WhoAmI: wire.WhoAmI{Type: "user", Name: c.token.User, Orgs: []wire.Org{}, AnyNamespace: h.opts.AnyNamespace || c.token.AnyNamespace},
		ID:     hex.EncodeToString(id[:12]), FullName: c.token.User, Email: c.token.User + "@users.noreply.localhub",
		EmailVerified: true, AvatarURL: c.origin() + "/-/avatar.svg",
	}
	for _, org := range c.token.Orgs {
		me.Orgs = append(me.Orgs, wire.Org{Name: org, Role: c.token.roleIn(org)})
	}
	me.Auth = wire.Auth{Type: "access_token", AccessToken: wire.AccessToken{
		DisplayName: "localhub", Role: string(cmp.Or(c.token.Role, Read)),
	}}
	if c.token.Role == FineGrained {
		me.Auth.AccessToken.FineGrained = &wire.FineGrained{Global: []string{}, Scoped: c.token.Scopes}
	}
	writeJSON(w, http.StatusOK, me)
	return nil
}

// whoAmI is wire.WhoAmI and what else the Hub says of a user.
type whoAmI struct {
	wire.WhoAmI
	ID            string `json:"id"`
	FullName      string `json:"fullname"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"emailVerified"`
	IsPro         bool   `json:"isPro"`
	AvatarURL     string `json:"avatarUrl"`
}

// tokenID names a token without telling its secret; "" is for anonymous.
func (h *Hub) tokenID(t *Token) string {
	if t == nil {
		return ""
	}
	sum, err := t.hash()
	if err != nil { // newTokens let it through
		panic(err)
	}
	return h.signer.mac("token", url.Values{"sha256": {hex.EncodeToString(sum[:])}})
}
