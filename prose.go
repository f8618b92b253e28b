package longcat

import (
	"regexp"
	"strconv"
	"strings"

	"longcat/hub"
	"longcat/internal/units"
	"longcat/merge"
)

// What follows reads cards, which people may have rewritten: only merges without
// a lock are gone by it.

var (
	toldMerge  = regexp.MustCompile(`(?m)^longcat merge .*$`)
	toldMaker  = regexp.MustCompile(`(?m)^Made with \[?longcat\b`)
	toldVerify = regexp.MustCompile(`(?m)^longcat verify (\S+)$`)
	toldPin    = regexp.MustCompile(`([A-Za-z0-9_][\w.-]*/[\w.-]+)@([0-9a-f]{40}(?:[0-9a-f]{24})?)\b`)
)

// toldOptions are those of the command that a card says the merge was made with.
func toldOptions(card []byte) (o merge.Options) {
	words := strings.Fields(string(toldMerge.Find(card)))
	for i, word := range words[:max(len(words)-1, 0)] {
		switch word {
		case "--layout":
			if l := merge.Layout(words[i+1]); l == merge.Forward {
				o.Layout = l
			}
		case "--shard-size":
			if n, err := units.ParseSize(words[i+1]); err == nil {
				o.ShardSize = n
			}
		case "--layer-stack":
			o.LayerStack = words[i+1]
		case "--random-seed":
			if n, err := strconv.ParseInt(words[i+1], 10, 64); err == nil {
				o.Seed = &n
			}
		case "--precise":
			o.Precise = true
		}
	}
	return o
}

// toldCommits are the commits that a card names as "user/model@commit".
func toldCommits(card []byte) map[string]string {
	pins := map[string]string{}
	for _, m := range toldPin.FindAllSubmatch(card, -1) {
		pins[string(m[1])] = string(m[2])
	}
	return pins
}

// toldRepo is the repo that a card says it is for, "" if it says none.
func toldRepo(card []byte) string {
	m := toldVerify.FindSubmatch(card)
	if m == nil {
		return ""
	}
	repo, err := hub.ParseRepo(string(m[1]))
	if err != nil {
		return ""
	}
	return repo.ID
}
