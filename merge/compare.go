package merge

func (p *planner) compare() error { return nil }
