package localhub

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"longcat/hub/internal/wire"
)

// expandable are the properties that may be asked for one by one, by type.
// Source: huggingface_hub 2.4.0, hf_api.py, ExpandModelProperty_T and so on.
var expandable = func() map[wire.RepoType]map[string]bool {
	sets := map[wire.RepoType]map[string]bool{}
	for t, names := range map[wire.RepoType]string{
		wire.Model: `author baseModels cardData childrenModelCount config createdAt disabled downloads downloadsAllTime evalResults gated gguf
			inference inferenceProviderMapping lastModified library_name likes mask_token model-index pipeline_tag private resourceGroup
			safetensors sha siblings spaces tags transformersInfo trendingScore usedStorage widgetData xetEnabled`,
		wire.Dataset: `author cardData citation createdAt description disabled downloads downloadsAllTime gated lastModified likes mainSize
			paperswithcode_id private resourceGroup sha siblings tags trendingScore usedStorage xetEnabled`,
		wire.Space: `author cardData createdAt datasets disabled lastModified likes models private region resourceGroup runtime sdk sha
			siblings subdomain tags trendingScore usedStorage xetEnabled`,
	} {
		sets[t] = map[string]bool{}
		for name := range strings.FieldsSeq(names) {
			sets[t][name] = true
		}
	}
	return sets
}()

// expansion is which properties a request asks for; nil if it leaves that to
// us.
func expansion(c *call, t wire.RepoType) ([]string, error) {
	q := c.URL.Query()
	names := slices.Concat(q["expand"], q["expand[]"])
	for _, name := range names {
		if !expandable[t][name] {
			return nil, badRequest("Invalid value for \"expand\": %q", name)
		}
	}
	return names, nil
}

// expand is what a request wants to know of a repo: what it asks for and
// nothing else, or all.
func expand(c *call, i *info) (any, error) {
	names, err := expansion(c, c.id.Type)
	if err != nil || names == nil {
		return i, err
	}
	return i.only(names), nil
}

// only is the info with the properties of these names and the repo's.
func (i *info) only(names []string) map[string]json.RawMessage {
	data, err := json.Marshal(i)
	if err != nil { // only our own types
		panic(fmt.Sprint("describing a repo: ", err))
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprint("describing a repo: ", err))
	}
	picked := map[string]json.RawMessage{}
	for _, name := range append(names, "id", "modelId") {
		if v, ok := all[name]; ok {
			picked[name] = v
		}
	}
	return picked
}

// tasks are what a model of transformers is for, by how its architecture's name
// ends; the first that fits.
// Source: the head classes of transformers' auto models and the Hub's tasks.
var tasks = []struct{ ending, task string }{
	{"WhisperForConditionalGeneration", "automatic-speech-recognition"},
	{"ForCausalLM", "text-generation"},
	{"LMHeadModel", "text-generation"},
	{"ForMaskedLM", "fill-mask"},
	{"ForSequenceClassification", "text-classification"},
	{"ForTokenClassification", "token-classification"},
	{"ForQuestionAnswering", "question-answering"},
	{"ForMultipleChoice", "multiple-choice"},
	{"ForImageClassification", "image-classification"},
	{"ForObjectDetection", "object-detection"},
	{"ForSemanticSegmentation", "image-segmentation"},
	{"ForSpeechSeq2Seq", "automatic-speech-recognition"},
	{"ForCTC", "automatic-speech-recognition"},
	{"ForAudioClassification", "audio-classification"},
	{"ForDepthEstimation", "depth-estimation"},
	{"BertModel", "feature-extraction"},
}

func taskOf(architecture string) string {
	for _, t := range tasks {
		if strings.HasSuffix(architecture, t.ending) {
			return t.task
		}
	}
	return ""
}
