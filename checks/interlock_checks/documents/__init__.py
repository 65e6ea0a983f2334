"""Files that are not Python and have something executed: scripts, images, manifests, workflows."""
