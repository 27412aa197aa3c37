# The agent's worker inside a host: starts one script in a process group of its own, says how it ended, kills it when told.
# Arguments: the working directory, then the command. File descriptor 3 gets one line; 4 is read: anything, or its end,
# kills the group. Runs by perl because sh cannot make a process group without a terminal, and perl-base is on every Debian.
use strict; use warnings; use POSIX ();

# nsenter must not stay the parent: at a shutdown systemd stops all processes, nsenter then stops itself, and reaps no more.
exit 0 if fork;
$0 = 'ssm-document-worker';
open my $said, '>&=', 3 or die; open my $told, '<&=', 4 or die;
my ($folder, @command) = @ARGV;

my $script = fork // die;
if (!$script) {
  setpgrp 0, 0;
  close $said; close $told;
  { no warnings; (chdir $folder and exec { $command[0] } @command); }
  POSIX::_exit(255);
}
setpgrp $script, $script;
# The script alone holds its output: when it and its children have closed it, the command is over.
open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';

$SIG{CHLD} = sub { };
my $ready = '';
vec($ready, fileno $told, 1) = 1;
my $killed = 0;
while (waitpid($script, POSIX::WNOHANG()) == 0) {
  if (select(my $now = $ready, undef, undef, 0.05) > 0 and !$killed) { kill 'KILL', -$script; $killed = 1; $ready = ''; }
}
syswrite $said, ($? & 127) ? 'signal ' . ($? & 127) . "\n" : 'code ' . ($? >> 8) . "\n";
