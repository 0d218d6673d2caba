module moorage.dev/launcher

go 1.23
