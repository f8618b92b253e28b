package progress

import (
	"sync"
	"time"
)

// Tally is a Progress that adds up what it hears, so that somebody can look at
// it from time to time. The zero value is ready.
type Tally struct {
	mu       sync.Mutex
	expected map[string]int64 // bytes, by kind
	started  map[string]int64
	done     int64 // bytes, found ones included
	found    int64
	live     []*part // that have not ended, in the order of their start
	last     *part   // that ended last
}

type part struct {
	tally      *Tally
	kind, name string
	ended      bool
}

// Snapshot is how far the work is.
type Snapshot struct {
	Done, Total int64 // bytes; Total is what is known of now
	Found       int64 // of Done: what was there already
	Kind, Name  string
	Others      int // parts under way beside the named one
}

// Expect implements Progress.
func (t *Tally) Expect(kind string, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.expected == nil {
		t.expected = map[string]int64{}
	}
	t.expected[kind] = max(t.expected[kind], bytes)
}

// Start implements Progress.
func (t *Tally) Start(kind, name string, size int64) Meter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started == nil {
		t.started = map[string]int64{}
	}
	t.started[kind] += size
	p := &part{tally: t, kind: kind, name: name}
	t.live = append(t.live, p)
	return p
}

// Snapshot tells how far the work is. The part that it names is the oldest of
// those under way, so that the name does not flicker.
func (t *Tally) Snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Snapshot{Done: t.done, Found: t.found, Others: max(len(t.live)-1, 0)}
	for kind, n := range t.started {
		s.Total += max(n, t.expected[kind])
	}
	for kind, n := range t.expected {
		if _, ok := t.started[kind]; !ok {
			s.Total += n
		}
	}
	s.Total = max(s.Total, s.Done)
	p := t.last
	if len(t.live) > 0 {
		p = t.live[0]
	}
	if p != nil {
		s.Kind, s.Name = p.kind, p.name
	}
	return s
}

func (p *part) Add(n int64)   { p.count(n, 0) }
func (p *part) Found(n int64) { p.count(n, n) }

func (p *part) count(done, found int64) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += done
	t.found += found
}

func (p *part) Done() {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.ended {
		return
	}
	p.ended, t.last = true, p
	for i, q := range t.live {
		if q == p {
			t.live = append(t.live[:i], t.live[i+1:]...)
			return
		}
	}
}

// Pace is how fast work moves. It is told from time to time how much was moved,
// without what was found.
type Pace struct {
	looks []look // those of the last seconds
}

type look struct {
	at    time.Time
	moved int64
}

// paceWindow is over how much time the speed is taken.
const paceWindow = 5 * time.Second

// firstSpeed is how much time must pass before there is a speed: the first
// bytes come at once, from buffers.
const firstSpeed = 2 * time.Second

// Rate notes how many bytes were moved by now, and is how many come in a
// second: of the last seconds, 0 while that is not known.
func (p *Pace) Rate(now time.Time, moved int64) float64 {
	p.looks = append(p.looks, look{now, moved})
	for len(p.looks) > 2 && now.Sub(p.looks[1].at) >= paceWindow {
		p.looks = p.looks[1:]
	}
	took := now.Sub(p.looks[0].at)
	if took < firstSpeed {
		return 0
	}
	return max(float64(moved-p.looks[0].moved)/took.Seconds(), 0)
}
