package main

import (
	"time"

	"github.com/vbauerster/mpb/v8/decor"

	"longcat/internal/units"
)

// pace is how fast one bar moves. It counts from the first look at the bar:
// what was there before, of an interrupted download, took no time.
type pace struct {
	looks []look  // the first one, then those of the last seconds
	rate  float64 // bytes per second at the last look; 0 while that is not known
}

type look struct {
	at   time.Time
	done int64 // bytes
}

// paceWindow is over how much time the speed is taken while the bar moves.
const paceWindow = 5 * time.Second

// look notes where the bar stands, and its rate: of the last seconds, or of all
// once it has ended.
func (p *pace) look(now time.Time, done int64, ended bool) {
	p.looks = append(p.looks, look{now, done})
	for len(p.looks) > 2 && now.Sub(p.looks[1].at) > paceWindow {
		p.looks = append(p.looks[:1], p.looks[2:]...)
	}
	from := p.looks[min(1, len(p.looks)-1)]
	if ended || !from.at.Before(now) {
		from = p.looks[0]
	}
	p.rate = 0
	if took := now.Sub(from.at).Seconds(); took > 0 {
		p.rate = max(float64(done-from.done)/took, 0)
	}
}

// speed shows bytes per second.
func (p *pace) speed(s decor.Statistics) string {
	p.look(time.Now(), s.Current, s.Aborted || s.Completed)
	if p.rate < 1 {
		return ""
	}
	return units.Size(int64(p.rate)) + "/s"
}

// left shows how long the rest takes at the rate that was shown.
func (p *pace) left(s decor.Statistics) string {
	if p.rate < 1 || s.Total <= s.Current {
		return ""
	}
	rest := float64(s.Total-s.Current) / p.rate
	return (time.Duration(min(rest, 1e6)) * time.Second).String()
}

// amounts shows what is done of how much.
func amounts(s decor.Statistics) string {
	return units.Size(s.Current) + " / " + units.Size(s.Total)
}
