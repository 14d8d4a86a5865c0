# Lists, reads, appends, searches and moves with Mail::IMAPClient.
# Usage: imapclient.pl PORT CERTIFICATE USER PASSWORD
use strict;
use warnings;
use IO::Socket::SSL;
use Mail::IMAPClient;

my ($port, $certificate, $user, $password) = @ARGV;
my $c = Mail::IMAPClient->new(
	Server => 'localhost', Port => $port, User => $user, Password => $password, Uid => 1,
	Ssl => [SSL_ca_file => $certificate, SSL_verify_mode => SSL_VERIFY_PEER],
) or die "connect: $@\n";

sub check {
	my ($what, $ok) = @_;
	die "$what: ", $c->LastError // '', "\n" unless $ok;
}

my %folders = map { $_ => 1 } $c->folders;
check("folder $_", $folders{$_}) for qw(INBOX Archive Drafts Junk Sent Trash);
check('select', $c->select('INBOX'));
my @all = $c->messages;
check('two messages', @all == 2);
check('subject', $c->subject($all[0]) eq 'first');
check('date', $c->internaldate($all[1]));
my $text = $c->message_string($all[1]);
check('size', length($text) == $c->size($all[1]));
check('envelope', $c->get_envelope($all[0])->{subject} eq 'first');
check('structure', $c->get_bodystructure($all[0])->bodytype eq 'TEXT');
my $uid = $c->append_string('INBOX', "Subject: by perl\r\n\r\nHello\r\n");
check('append', $uid);
my @found = $c->search('SUBJECT', 'by perl');
check('search', @found == 1 && $found[0] == $uid);
check('flag', $c->set_flag('Flagged', $uid));
check('flags', grep { $_ eq '\Flagged' } $c->flags($uid));
check('threads', $c->thread('REFERENCES', 'UTF-8', 'ALL')) if $c->has_capability('THREAD=REFERENCES');
check('sort', $c->sort('REVERSE SUBJECT', 'UTF-8', 'ALL')) if $c->has_capability('SORT');
check('move', $c->move('Archive', $uid) && $c->expunge);
check('idle', $c->idle && $c->done);
check('logout', $c->logout);
print "all is well\n";
