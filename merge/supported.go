package merge

import (
	"strings"

	"longcat/merge/recipe"
)

// supported refuses what the recipe language knows and no plan does yet.
func supported(r *recipe.Recipe) error {
	for _, s := range r.Slices {
		if s.Module != "" {
			return r.Errorf(s.Pos, "merging the module %q by itself is not supported yet", s.Module)
		}
	}
	if _, err := chatTemplate(r); err != nil {
		return err
	}
	return nil
}

// chatTemplateFile holds a model's chat template; it counts before the one in
// tokenizer_config.json.
const chatTemplateFile = "chat_template.jinja"

// chatML is the template of that name. Source: OpenAI's "Chat Markup Language", as
// the documentation of transformers writes it in Jinja.
const chatML = `{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`

// chatTemplate is the template that the recipe gives the result; "" leaves that
// of the tokenizer's model.
func chatTemplate(r *recipe.Recipe) (string, error) {
	switch t := r.ChatTemplate; {
	case t == "", t == "auto":
		return "", nil
	case t == "chatml":
		return chatML, nil
	case strings.Contains(t, "{{"), strings.Contains(t, "{%"):
		return t, nil
	default:
		return "", r.Errorf(r.ChatTemplatePos, "the chat template %q is not known: give \"auto\", \"chatml\", or the template itself, in Jinja", t)
	}
}
