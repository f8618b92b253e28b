// Package metrics counts what a hub does, for Prometheus.
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"longcat/hub/localhub"
)

// Metrics counts the requests that it is told of, and asks its hub and disk what
// they hold when somebody looks.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	received prometheus.Counter
	sent     prometheus.Counter
	errors   prometheus.Counter
}

// New makes the metrics of a hub whose directory is dir. usage is asked at most
// once a minute.
func New(dir string, usage func(context.Context) (localhub.Usage, error)) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longcat_requests_total", Help: "Requests that were answered, by method, kind and status.",
		}, []string{"method", "kind", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longcat_request_seconds", Help: "Time from a request to the end of its answer, by kind.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, []string{"kind"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{Name: "longcat_received_bytes_total", Help: "Bytes of requests' bodies."}),
		sent:     prometheus.NewCounter(prometheus.CounterOpts{Name: "longcat_sent_bytes_total", Help: "Bytes of answers' bodies."}),
		errors:   prometheus.NewCounter(prometheus.CounterOpts{Name: "longcat_errors_total", Help: "Answers of status 500 and above."}),
	}
	m.registry.MustRegister(
		m.requests, m.duration, m.received, m.sent, m.errors,
		&stock{usage: usage, dir: dir},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Observe counts a request: for [localhub.Options].Log.
func (m *Metrics) Observe(r localhub.Request) {
	kind := kindOf(r.Path)
	m.requests.WithLabelValues(methodOf(r.Method), kind, strconv.Itoa(r.Status)).Inc()
	m.duration.WithLabelValues(kind).Observe(r.Duration.Seconds())
	m.received.Add(float64(r.Received))
	m.sent.Add(float64(r.Sent))
	if r.Status >= http.StatusInternalServerError {
		m.errors.Inc()
	}
}

// Handler answers GET /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// kindOf sorts paths into few kinds: a label may not have a value for each.
func kindOf(path string) string {
	switch {
	case strings.HasPrefix(path, "/-/cas/"):
		return "xet"
	case strings.HasPrefix(path, "/-/"):
		return "content"
	case strings.Contains(path, "/resolve/"), strings.Contains(path, "/raw/"), strings.HasPrefix(path, "/api/resolve-cache/"):
		return "resolve"
	case strings.HasPrefix(path, "/api/"), strings.Contains(path, "/info/lfs/"):
		return "api"
	}
	return "page"
}

// methodOf is the method, unless a client made one up.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete:
		return method
	}
	return "other"
}

// stock tells what is kept, and how much room is left.
type stock struct {
	usage func(context.Context) (localhub.Usage, error)
	dir   string

	mu    sync.Mutex
	at    time.Time
	known localhub.Usage
}

var (
	reposDesc   = prometheus.NewDesc("longcat_repos", "Repos.", nil, nil)
	objectsDesc = prometheus.NewDesc("longcat_objects", "Large files, each counted once.", nil, nil)
	bytesDesc   = prometheus.NewDesc("longcat_object_bytes", "Content of the large files, each counted once.", nil, nil)
	freeDesc    = prometheus.NewDesc("longcat_disk_free_bytes", "Room left on the disk of the hub's directory.", nil, nil)
	sizeDesc    = prometheus.NewDesc("longcat_disk_size_bytes", "Size of the disk of the hub's directory.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s *stock) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{reposDesc, objectsDesc, bytesDesc, freeDesc, sizeDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *stock) Collect(to chan<- prometheus.Metric) {
	u := s.look()
	for desc, v := range map[*prometheus.Desc]float64{
		reposDesc: float64(len(u.Repos)), objectsDesc: float64(u.Objects), bytesDesc: float64(u.Bytes),
	} {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v)
	}
	if free, size, ok := diskSpace(s.dir); ok {
		to <- prometheus.MustNewConstMetric(freeDesc, prometheus.GaugeValue, free)
		to <- prometheus.MustNewConstMetric(sizeDesc, prometheus.GaugeValue, size)
	}
}

// look is the usage of the last minute; the old one if it can not be found.
func (s *stock) look() localhub.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.at) > time.Minute {
		if u, err := s.usage(context.Background()); err == nil {
			s.known, s.at = u, now
		}
	}
	return s.known
}
