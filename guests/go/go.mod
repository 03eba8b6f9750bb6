module wisp/guests

go 1.24
