package wire

// XetToken is the answer of GET /api/models/{repo}/xet-{read|write}-token/{rev}:
// where the repo's chunks are, and what opens them for a while.
type XetToken struct {
	AccessToken string `json:"accessToken"`
	CASURL      string `json:"casUrl"`
	Exp         int64  `json:"exp"` // seconds since 1970
}
