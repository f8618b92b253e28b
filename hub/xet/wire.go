package xet

import "longcat/hub/xet/merkle"

// The JSON that a CAS server and its clients exchange. Source: docs/xet/api.md
// and download-protocol.md; the grants as recorded from hf_xet 1.8.0.

// A Span is a range of numbers. Spans of chunks end before End, spans of bytes
// with End.
type Span struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// Term is a part of a file: a span of chunks of a xorb.
type Term struct {
	Xorb   merkle.Hash `json:"hash"`
	Size   int64       `json:"unpacked_length"` // bytes
	Chunks Span        `json:"range"`
}

// Reconstruction says what a file, or a range of it, is made of and where to
// fetch that. It answers GET /v2/reconstructions/{file}.
type Reconstruction struct {
	Offset int64                   `json:"offset_into_first_range"` // bytes of the first term before the asked range
	Terms  []Term                  `json:"terms"`
	Xorbs  map[merkle.Hash][]Fetch `json:"xorbs"`
}

// Fetch is a signed address that gives some ranges of a xorb.
type Fetch struct {
	URL    string       `json:"url"`
	Ranges []FetchRange `json:"ranges"`
}

// FetchRange is a range of a xorb: which chunks, and in which bytes they stand.
type FetchRange struct {
	Chunks Span `json:"chunks"`
	Bytes  Span `json:"bytes"`
}

// ReconstructionV1 answers GET /v1/reconstructions/{file}.
type ReconstructionV1 struct {
	Offset int64                     `json:"offset_into_first_range"`
	Terms  []Term                    `json:"terms"`
	Fetch  map[merkle.Hash][]FetchV1 `json:"fetch_info"`
}

// FetchV1 is a signed address that gives one range of a xorb.
type FetchV1 struct {
	Chunks Span   `json:"range"`
	URL    string `json:"url"`
	Bytes  Span   `json:"url_range"`
}

// GrantRequest is the body of POST /v1/xorb-grants/default/{xorb}.
type GrantRequest struct {
	Length   int64    `json:"length"` // bytes of the serialized xorb
	Checksum Checksum `json:"checksum"`
}

// Checksum is of a serialized xorb.
type Checksum struct {
	Algo  string `json:"algo"`         // "crc64nvme"
	Value uint64 `json:"value,string"` // decimal
}

// Grant answers a GrantRequest: how to send the xorb, without a token.
type Grant struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// XorbResult answers POST /v1/xorbs/default/{xorb}.
type XorbResult struct {
	Inserted bool `json:"was_inserted"`
}

// ShardResult answers POST /v1/shards.
type ShardResult struct {
	Result int `json:"result"` // 0: was there, 1: is registered now
}

// ShardEvent is a line of the answer of POST /v2/shards.
type ShardEvent struct {
	Type      string `json:"type"` // one of the Event constants, or one to pass over
	Verified  int64  `json:"verified,omitempty"`
	Total     int64  `json:"total,omitempty"`
	Stage     string `json:"stage,omitempty"`
	Message   string `json:"message,omitempty"`
	Retryable bool   `json:"retryable,omitempty"`
}

// Types of a ShardEvent. Result and Error are the last of an answer.
const (
	EventValidating = "validating"
	EventCommitting = "committing"
	EventResult     = "result"
	EventError      = "error"
)
