cos
system
(S'echo hacked'
tR.