"""The store away, processes killed, disks full: what is answered is recorded or counted as lost.

The short forms run in the gate; ``make faults`` runs the long ones too (CLAUDE_LENS_FAULTS=1), with the
random kills for CLAUDE_LENS_FAULTS_SECONDS (600).
"""
