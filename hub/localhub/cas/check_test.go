package cas

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"

	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

func TestCheckRefusesWhatIsNotTrue(t *testing.T) {
	content := random(500_000, 1)
	for name, spoil := range map[string]func(*shard.File, *Check){
		"without verification":  func(f *shard.File, _ *Check) { f.Verified = false },
		"without sha256":        func(f *shard.File, _ *Check) { f.SHA256 = nil },
		"another sha256":        func(f *shard.File, _ *Check) { f.SHA256[0]++ },
		"another hash":          func(f *shard.File, _ *Check) { f.Hash[0]++ },
		"unknown xorb":          func(f *shard.File, _ *Check) { f.Terms[0].Xorb[0]++ },
		"beyond the xorb":       func(f *shard.File, _ *Check) { f.Terms[0].End++ },
		"far beyond the xorb":   func(f *shard.File, _ *Check) { f.Terms[0].End = 1<<32 - 1 },
		"wrong verification":    func(f *shard.File, _ *Check) { f.Terms[0].Verification[0]++ },
		"wrong size":            func(f *shard.File, _ *Check) { f.Terms[0].Size-- },
		"missing chunk":         func(f *shard.File, _ *Check) { f.Terms[0].First++ },
		"no terms":              func(f *shard.File, _ *Check) { f.Terms = nil },
		"chunks of others":      func(_ *shard.File, c *Check) { c.May = func(*Xorb, uint32, uint32) bool { return false } },
		"larger than all disks": func(f *shard.File, _ *Check) { f.Terms = many(f.Terms[0], maxFile>>32+2) },
	} {
		s := newShelf(t)
		claim := s.send(content)
		check := &Check{Store: s.Store, May: anything}
		spoil(claim, check)
		_, err := check.File(t.Context(), claim)
		if _, ok := errors.AsType[*ClaimError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// many is a term of the greatest size, n times.
func many(t shard.Term, n int) []shard.Term {
	t.Size = 1<<32 - 1
	list := make([]shard.Term, n)
	for i := range list {
		list[i] = t
	}
	return list
}

// The right chunks under a wrong sha256 are found out also if the content is
// known, and the content is not read again if all is right.
func TestCheckOfKnownContent(t *testing.T) {
	s := newShelf(t)
	content := random(500_000, 1)
	claim := s.send(content)
	read := 0
	check := &Check{Store: s.Store, May: anything, Read: func(n int) { read += n }}
	f, err := check.File(t.Context(), claim)
	s.ok(err)
	if read != len(content) {
		t.Errorf("%d bytes were read", read)
	}
	_, err = s.Add(f)
	s.ok(err)
	if _, err = check.File(t.Context(), claim); err != nil || read != len(content) {
		t.Errorf("the second time %d bytes in all were read, %v", read, err)
	}
	claim.SHA256[5]++
	if _, ok := errors.AsType[*ClaimError](second(check.File(t.Context(), claim))); !ok {
		t.Error("a wrong sha256 of known content was taken")
	}
}

func second(_ *File, err error) error { return err }

func TestCheckEndsWithItsContext(t *testing.T) {
	s := newShelf(t)
	claim := s.send(random(500_000, 1))
	ctx, cancel := context.WithCancel(t.Context())
	check := &Check{Store: s.Store, May: anything, Read: func(int) { cancel() }}
	if _, err := check.File(ctx, claim); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCollect(t *testing.T) {
	s := newShelf(t)
	base, own, promised := random(2<<20, 1), random(1<<20, 2), random(1<<20, 3)
	object := s.convert(base)
	x, err := s.Xorb(object.Terms[0].Xorb)
	s.ok(err)
	ownClaim := s.send(own)
	ownFile := s.add(ownClaim)
	promisedClaim := s.send(promised)
	from, to := x.Index.Bytes(2, 9)
	part2 := base[from-2*8 : to-9*8]
	derived := s.add(claimOf(part2, part{x.Index, 2, 9}))
	s.ok(s.Used(ownFile, "ann"))

	// The object is held by the file that was made of it, and all else by
	// nothing but itself.
	collect := func(alive ...*File) map[string]bool {
		t.Helper()
		set := map[string]bool{}
		for _, f := range alive {
			set[f.SHA256] = true
		}
		kept, err := s.Collect(set, now)
		s.ok(err)
		return kept
	}
	before := s.Generation()
	if kept := collect(derived, ownFile); len(kept) != 1 || !kept[object.SHA256] {
		t.Errorf("objects to keep: %v", kept)
	}
	if s.Generation() != before {
		t.Error("nothing was removed, but the generation changed")
	}
	s.holds(part2)
	s.holds(own)
	s.holds(base)

	unfinished := *derived // as if made before what follows
	unfinished.SHA256 = sum([]byte("another"))
	if kept := collect(derived); !kept[object.SHA256] {
		t.Error("the object is given up while it is used")
	}
	s.holds(part2)
	if _, err := s.File(ownFile.SHA256); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that nobody has: %v", err)
	}
	if _, err := s.Xorb(ownFile.Terms[0].Xorb); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its xorb: %v", err)
	}
	if s.Generation() == before {
		t.Error("a xorb was removed, and the generation stayed")
	}
	if _, err := s.Add(&unfinished); !errors.Is(err, ErrCollected) {
		t.Errorf("adding a file that was made before: %v", err)
	}
	s.add(promisedClaim) // its xorb was kept for ann
	now := now.AddDate(0, 0, 1)
	if kept, err := s.Collect(nil, now); err != nil || len(kept) > 0 {
		t.Errorf("nothing is alive: %v, %v", kept, err)
	}
	s.reopen()
	for _, folder := range []string{"files", "xorbs", "sent"} {
		s.ok(s.walk(folder, func(name string) error {
			t.Errorf("left over: %s/%s", folder, name)
			return nil
		}))
	}
	if s.Generation() != before+2 {
		t.Errorf("the generation is %d after reopening, want %d", s.Generation(), before+2)
	}
	if _, found := s.ByHash(derived.Hash); found || len(s.WithXorb(x.Hash)) > 0 {
		t.Error("the catalog names what is gone")
	}
}

func TestAddIsOfTheFirst(t *testing.T) {
	s := newShelf(t)
	f := s.add(s.send(random(300_000, 1)))
	other := *f
	other.Hash = merkle.Hash{1}
	if added, err := s.Add(&other); added || err != nil {
		t.Errorf("%v, %v", added, err)
	}
	if known, _ := s.BySHA256(f.SHA256); known.Hash != f.Hash {
		t.Error("the first file was replaced")
	}
}

func TestMissingDataIsNotGivenAsContent(t *testing.T) {
	s := newShelf(t)
	content := random(300_000, 1)
	f := s.convert(content)
	s.ok(os.Truncate(s.object(f.SHA256), 200_000))
	if _, err := bytes.NewBuffer(nil).ReadFrom(s.Open(f)); err == nil {
		t.Error("a shortened object reads as a whole one")
	}
	if _, err := s.File("../../etc/passwd"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzRecords(f *testing.F) {
	file := &File{Known: Known{sum(nil), merkle.Hash{1}, 5}, Terms: []Term{{merkle.Hash{2}, 1, 2, 5, Place{sum(nil), 77}}}, Marks: []Mark{{merkle.Hash{3}, 0}}}
	_, index := pack(f, random(200_000, 1))
	f.Add(file.encode())
	f.Add((&Xorb{Index: index, Place: Place{sum(nil), 1}}).encode())
	f.Add((&Xorb{Index: index}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if file, err := decodeFile(sum(nil), b); err == nil && !bytes.Equal(file.encode(), b) {
			t.Errorf("%x is written as %x", b, file.encode())
		}
		if x, err := decodeXorb(merkle.Hash{}, b); err == nil && !bytes.Equal(x.encode(), b) {
			t.Errorf("%x is written as %x", b, x.encode())
		}
	})
}
