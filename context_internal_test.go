package longcat

import "testing"

func TestContextLength(t *testing.T) {
	for config, want := range map[string]int{
		`{"max_position_embeddings": 4096}`:                                        4096,
		`{"n_positions": 1024}`:                                                    1024,
		`{"text_config": {"max_position_embeddings": 131072}}`:                     131072,
		`{"max_position_embeddings": null, "text_config": {"max_seq_len": 8}}`:     8,
		`{"max_position_embeddings": [1], "n_positions": "x", "text_config": "y"}`: 0,
		`{"max_position_embeddings": -1}`:                                          0,
		`{}`:                                                                       0,
		``:                                                                         0,
	} {
		if got := contextLength([]byte(config)); got != want {
			t.Errorf("%s: %d, want %d", config, got, want)
		}
	}
}
