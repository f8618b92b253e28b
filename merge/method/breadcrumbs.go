package method

import "longcat/merge/number"

// breadcrumbs drops of each model's difference from the base the largest
// elements, a share gamma of all, and the smallest, so that a share density is
// left.
// Source: "Model Breadcrumbs" (arXiv 2312.06795).
func breadcrumbs[F number.Float](t *tensor[F]) (step[F], error) {
	p, err := outliers(t)
	return t.combine(p, err, (*block[F]).add)
}

// breadcrumbsTies adds to that the election of signs.
func breadcrumbsTies[F number.Float](t *tensor[F]) (step[F], error) {
	p, err := outliers(t)
	return t.combine(p, err, (*block[F]).elect)
}

// outliers keeps, in the ascending order of magnitudes (of equal ones the lower
// index first), the elements before the largest ones. Where both shares do not
// fit, that of the largest yields.
func outliers[F number.Float](t *tensor[F]) (prune[F], error) {
	none := make([]bool, len(t.others))
	order := t.magnitudes()
	for i, in := range t.others {
		p := t.Inputs[in].Params
		if p["density"] >= 1 {
			continue
		}
		kept, top := int64(p["density"]*float64(t.n)), int64(p["gamma"]*float64(t.n))
		bottom := max(0, t.n-kept-top)
		if none[i] = kept <= 0; !none[i] {
			order.position(i, bottom)
			order.position(i, bottom+kept)
		}
	}
	if err := order.find(); err != nil {
		return nil, err
	}
	if err := order.locate(); err != nil {
		return nil, err
	}
	return t.rescale(func(b *block[F], i int, d []F) {
		switch c := order.cuts[i]; {
		case none[i]:
			clear(d)
		case len(c) > 0:
			low, high := F(c[0].value), F(c[1].value)
			for k, x := range d {
				m, at := abs(x), b.first+int64(k)
				below := m < low || m == low && at < c[0].index
				above := m > high || m == high && at >= c[1].index
				if below || above {
					d[k] = x * 0
				}
			}
		}
	}, t.arith)
}
