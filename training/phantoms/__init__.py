"""Synthetic endoscopic pictures of the seven ENT classes, for demos, tests and training without real patients.

| to change | look in |
|---|---|
| a structure and its place | ear; nose, nasopharynx; throat, hypopharynx; larynx, glottis, epiglottis |
| what a disease does to it | ear_findings, nose, throat, larynx_findings; which there are: findings |
| colour, vessels, mucus, blood, bubbles | tissue |
| how surfaces are lit | light, style |
| lens, exposure, noise, frame, JPEG | camera |
| what is said of an image | caption; from where it was taken, and what is in sight from there: views |
| who has which images, which are next frames of a video | patient |

Make a folder of them, and the sheet in data/screenshots:

    python -m training phantoms OUT --per-class 100 --seed 0 --size 256
    python -m training phantoms --seed 0 --sheet data/screenshots/phantoms.jpg

or beside real images, which never get into this repository:

    python -m training phantoms --seed 0 --sheet ../beside.jpg --beside FOLDER

Units: the field of view is a disc of radius 1 about (0, 0), x to the right and y down; depth is the distance from the
scope, about 1 (almost touching) to 4 (far down a dark passage); colours are linear reflectances from 0 to 1.
Anatomy is drawn once, as a left ear or nose or with a lesion of the patient's left; the right is its mirror image.
"""
