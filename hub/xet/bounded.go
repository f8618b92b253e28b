package xet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"longcat/hub/xet/merkle"
)

// maxElements bounds a list in an answer. The smallest chunk has 8 KiB, so a
// gigabyte of a file, which is what is asked for at a time, has half as many
// terms at most.
const maxElements = 1 << 18

// list is a JSON array of which no more elements come into memory than there can
// be: a small answer may have very many small ones.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	switch open, err := d.Token(); {
	case err != nil:
		return err
	case open == nil: // null
		*l = nil
		return nil
	case open != json.Delim('['):
		return errors.New("a list was expected")
	}
	*l = (*l)[:0]
	for d.More() {
		if len(*l) == maxElements {
			return fmt.Errorf("a list has more than %d elements", maxElements)
		}
		var element T
		if err := d.Decode(&element); err != nil {
			return err
		}
		*l = append(*l, element)
	}
	_, err := d.Token()
	return err
}

// boundedV2 is a Reconstruction as it is read.
type boundedV2 struct {
	Offset int64      `json:"offset_into_first_range"`
	Terms  list[Term] `json:"terms"`
	Xorbs  map[merkle.Hash]list[struct {
		URL    string           `json:"url"`
		Ranges list[FetchRange] `json:"ranges"`
	}] `json:"xorbs"`
}

func (b *boundedV2) reconstruction() Reconstruction {
	r := Reconstruction{Offset: b.Offset, Terms: b.Terms, Xorbs: make(map[merkle.Hash][]Fetch, len(b.Xorbs))}
	for hash, all := range b.Xorbs {
		for _, f := range all {
			r.Xorbs[hash] = append(r.Xorbs[hash], Fetch{URL: f.URL, Ranges: f.Ranges})
		}
	}
	return r
}

// boundedV1 is a ReconstructionV1 as it is read.
type boundedV1 struct {
	Offset int64                         `json:"offset_into_first_range"`
	Terms  list[Term]                    `json:"terms"`
	Fetch  map[merkle.Hash]list[FetchV1] `json:"fetch_info"`
}
