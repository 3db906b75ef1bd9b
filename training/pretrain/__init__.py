"""ent-mini: a small CLIP of our own, trained on phantoms alone, so that the app works on first start without a network.

| to change | look in |
|---|---|
| sizes, steps, learning rate, weights of the losses | config |
| what images and captions it sees | pool, phrases |
| what is done to an image before it is seen | augment |
| what of an image is the same as of another, or as a caption says | meaning |
| what it is asked to learn | objective |
| the loop: steps, averages, checkpoints, going on | pretrainer |
| what is written for others to load | bundle |
| how good it is on phantoms it has never seen | figures |

    python -m training pretrain data/models/ent-mini --seed 0
"""
