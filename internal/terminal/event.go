package terminal

import (
	"encoding/json"

	"longcat/internal/progress"
)

// EventSchema names the shape of an Event.
const EventSchema = "longcat/progress-event/1"

// Event is how far work is, for programs: an object a line.
type Event struct {
	Schema string  `json:"schema"`
	Kind   string  `json:"kind"`             // what is being done: "downloading", "uploading", …
	Name   string  `json:"name,omitempty"`   // of the file
	Done   int64   `json:"done"`             // bytes of the whole operation
	Total  int64   `json:"total"`            // as far as is known now
	Found  int64   `json:"found"`            // of done: what was there already
	Rate   float64 `json:"bytes_per_second"` // of the last seconds; 0 while that is not known
}

func eventLine(s progress.Snapshot, rate float64) string {
	line, err := json.Marshal(Event{EventSchema, s.Kind, s.Name, s.Done, s.Total, s.Found, rate})
	if err != nil {
		return ""
	}
	return string(line)
}
