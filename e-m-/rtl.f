shift_exp.v
