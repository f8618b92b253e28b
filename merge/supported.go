package merge

import "longcat/merge/recipe"

// supported refuses what the recipe language knows and no plan does yet.
func supported(r *recipe.Recipe) error {
	for _, s := range r.Slices {
		if s.Module != "" {
			return r.Errorf(s.Pos, "merging the module %q by itself is not supported yet", s.Module)
		}
	}
	for _, t := range r.Tokenizer.Tokens {
		return r.Errorf(t.Pos, "tokenizer tokens are not supported yet")
	}
	if r.Tokenizer.PadTo > 1 {
		return r.Errorf(r.Tokenizer.Pos, "tokenizer pad_to_multiple_of is not supported yet")
	}
	if r.ChatTemplate != "" && r.ChatTemplate != "auto" {
		return r.Errorf(r.ChatTemplatePos, "chat_template is not supported yet, except \"auto\"")
	}
	return nil
}
