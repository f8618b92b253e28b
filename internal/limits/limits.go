// Package limits holds the largest input of each kind that is read, in bytes,
// so that what one command takes another does not refuse. Each is far above
// what is published and small enough to be held in memory.
package limits

const (
	// Recipe bounds a merge recipe; the longest published ones have tens of kB.
	Recipe = 4 << 20

	// Card bounds a README.md. From this size on a Hub stores any file as LFS
	// and finds no metadata in it.
	Card = 10 << 20

	// FrontMatter bounds the YAML at a card's head, and files of evaluation
	// results. Real front matter has a few kB, with a long model-index some
	// hundred.
	FrontMatter = 1 << 20

	// Config bounds config.json and the other small JSON files of a model.
	Config = 16 << 20

	// Tokenizer bounds the files of a tokenizer; large vocabularies have 30 MB.
	Tokenizer = 64 << 20

	// Index bounds a checkpoint's index of shards. The largest published ones
	// have some 10 MB and 100,000 names.
	Index = 32 << 20

	// Lock bounds a longcat.lock.json; that of a merge of 328 shards has 100 kB.
	Lock = 16 << 20

	// Header bounds the header of a safetensors file: the format's own bound.
	// Source: huggingface/safetensors, MAX_HEADER_SIZE.
	Header = 100_000_000
)
